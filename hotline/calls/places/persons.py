"""Persons: a transfer to whoever takes calls on the topic, then a voice message to call back."""

from collections.abc import Iterator

from campaigns.areas import list_areas
from campaigns.local_time import local_day
from hotline.call_records import CallTransfer
from hotline.calls.heard import Heard, HeardKind
from hotline.calls.talks import Talk
from hotline.desks import Desk
from hotline.references import digit_by_digit
from hotline.speaking.moments import write_moment
from hotline.steps import AwaitVoice, Transfer
from hotline.tickets import Ticket, TicketKind, Urgency, open_ticket

GENERAL = "general"
LONGEST_MESSAGE_S = 120
SHORTEST_MESSAGE_S = 2
_STEP = "step"
_DESK = "desk"
_RINGING = "ringing"
_VOICEMAIL = "voicemail"
_OVERFLOWED = "overflowed"


class PersonPlace:
    """One desk: rung while somebody is there, its overflow next, and a message otherwise."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def enter(self, talk: Talk) -> None:
        if talk.visit.notes.get(_STEP) == _VOICEMAIL:
            _ask_for_message(talk)
            return
        name, desk = find_desk(talk, self._topic)
        if desk.is_danger:
            talk.say("danger_first")
        self._ring(talk, name)

    def hear(self, talk: Talk, heard: Heard) -> bool:
        if heard.kind is HeardKind.TRANSFERRED:
            self._after_ringing(talk, heard)
        elif talk.visit.notes.get(_STEP) == _VOICEMAIL:
            self._keep_message(talk, heard)
        else:
            return False
        return True

    def _ring(self, talk: Talk, name: str) -> None:
        """Ring the desk, or the first behind it that somebody is at; else ask for a message."""
        found = next(_reachable(talk, name), None)
        if found is None:
            _say_closed(talk, talk.library.desks.desks[name])
            _ask_for_message(talk)
            return
        open_name, numbers = found
        talk.visit.notes |= {_STEP: _RINGING, _DESK: open_name}
        talk.say("person_connecting")
        talk.ending = Transfer(numbers, talk.library.desks.desks[open_name].ring_s)

    def _after_ringing(self, talk: Talk, heard: Heard) -> None:
        talk.session.add(
            CallTransfer(
                call_id=talk.call_id,
                desk=talk.visit.notes.get(_DESK, ""),
                was_answered=heard.was_answered,
                seconds=heard.seconds,
                ended_at=talk.now,
            )
        )
        if heard.was_answered:
            talk.hang_up()
            return
        rung = talk.library.desks.desks.get(talk.visit.notes.get(_DESK, ""))
        behind = rung.overflow if rung else None
        is_tried = talk.visit.notes.get(_OVERFLOWED) == "yes"
        if behind is not None and not is_tried and next(_reachable(talk, behind), None):
            talk.visit.notes[_OVERFLOWED] = "yes"
            self._ring(talk, behind)
            return
        talk.say("person_busy")
        _ask_for_message(talk)

    def _keep_message(self, talk: Talk, heard: Heard) -> None:
        if heard.kind is not HeardKind.VOICE or heard.seconds < SHORTEST_MESSAGE_S:
            self.give_up(talk)
            return
        ticket = self._open_callback(talk, voice_sid=heard.voice_sid, voice_s=heard.seconds)
        said = "voicemail_kept" if talk.sealed else "voicemail_kept_withheld"
        talk.say(said, reference=digit_by_digit(ticket.reference))
        talk.hang_up()

    def give_up(self, talk: Talk) -> None:
        """Call back whoever said nothing and has shown their number; then the call is over."""
        if talk.sealed is None:
            talk.say("voicemail_empty")
        else:
            ticket = self._open_callback(talk)
            talk.say("callback_kept", reference=digit_by_digit(ticket.reference))
        talk.hang_up()

    def _open_callback(self, talk: Talk, *, voice_sid: str = "", voice_s: int = 0) -> Ticket:
        _, desk = find_desk(talk, self._topic)
        return open_ticket(
            talk.session,
            talk.call_id,
            TicketKind.CALLBACK,
            urgency=Urgency.DANGER if desk.is_danger else Urgency.SOON,
            topic=self._topic or GENERAL,
            area_code=talk.visit.area_code,
            language=talk.language,
            voice_sid=voice_sid,
            voice_s=voice_s,
            now=talk.now,
        )


def find_desk(talk: Talk, topic: str) -> tuple[str, Desk]:
    """Return the desk for *topic*, or the general one, or the first there is."""
    desks = talk.library.desks.desks
    name = next((one for one in (topic, GENERAL) if one in desks), next(iter(desks)))
    return name, desks[name]


def _reachable(talk: Talk, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the desks, from *name* along their overflows, that take this call now."""
    desks, seen = talk.library.desks, set[str]()
    here: str | None = name
    while here is not None and here in desks.desks and here not in seen:
        seen.add(here)
        desk = desks.desks[here]
        numbers = desk.numbers_for(_areas_of(talk))
        if numbers and desk.is_open(talk.now, desks.holidays):
            yield here, numbers
        here = desk.overflow


def _say_closed(talk: Talk, desk: Desk) -> None:
    opens = desk.next_open(talk.now, talk.library.desks.holidays)
    if opens is None:
        talk.say("person_busy")
        return
    talk.tell_each(
        talk.library.phrases.phrases["person_closed"],
        lambda language: {"opens": write_moment(opens, language)},
    )


def _ask_for_message(talk: Talk) -> None:
    talk.visit.notes[_STEP] = _VOICEMAIL
    talk.say("voicemail_ask" if talk.sealed else "voicemail_ask_withheld")
    talk.ending = AwaitVoice(LONGEST_MESSAGE_S)


def _areas_of(talk: Talk) -> tuple[str, ...]:
    """Return the caller's commune and everything above it, the nearest first."""
    if not talk.visit.area_code:
        return ()
    areas = list_areas(talk.session, on=local_day(talk.now))
    parents = {area.code: area.parent_code for area in areas}
    found: list[str] = []
    code: str | None = talk.visit.area_code
    while code and code not in found:
        found.append(code)
        code = parents.get(code)
    return tuple(found)
