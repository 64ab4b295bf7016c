"""Reporting: a rumour or feedback, spoken after the tone, with a number to ask by later."""

from hotline.calls.heard import Heard, HeardKind
from hotline.calls.places.answering import send_reference
from hotline.calls.places.localities import communes_of, find_commune
from hotline.calls.places.persons import LONGEST_MESSAGE_S, SHORTEST_MESSAGE_S
from hotline.calls.talks import Talk
from hotline.communes import LONGEST_KEYED
from hotline.references import digit_by_digit
from hotline.steps import AwaitVoice
from hotline.tickets import TicketKind, Urgency, last_ticket, open_ticket

_KEPT = "kept"


class ReportPlace:
    """Records one report; its number is read out and sent by text.

    Whose commune is not known is asked for it afterwards, when the report is safe: whoever hangs
    up or keys anything else has still said where.
    """

    def __init__(self, category: str) -> None:
        self._kind = TicketKind(category)

    def enter(self, talk: Talk) -> None:
        talk.visit.topic = self._kind.value
        if _KEPT in talk.visit.notes:
            if talk.visit.misses:
                talk.hang_up()
            else:
                _ask_where(talk)
            return
        talk.say("never_ask")
        talk.say("report_ask")
        talk.ending = AwaitVoice(LONGEST_MESSAGE_S)

    def hear(self, talk: Talk, heard: Heard) -> bool:
        if _KEPT in talk.visit.notes:
            self._keep_where(talk, heard)
            return True
        if heard.kind is not HeardKind.VOICE or heard.seconds < SHORTEST_MESSAGE_S:
            return False
        ticket = open_ticket(
            talk.session,
            talk.call_id,
            self._kind,
            urgency=Urgency.ORDINARY,
            topic=self._kind.value,
            area_code=talk.visit.area_code,
            language=talk.language,
            voice_sid=heard.voice_sid,
            voice_s=heard.seconds,
            now=talk.now,
        )
        talk.answer = self._kind.value
        talk.say("report_kept", reference=digit_by_digit(ticket.reference))
        body = talk.library.phrases.phrases["report_sms"].in_language(talk.language)
        send_reference(
            talk,
            body.format(reference=ticket.reference),
            subject=f"ticket.{ticket.reference}",
        )
        if talk.visit.area_code:
            talk.hang_up()
        else:
            talk.visit.notes[_KEPT] = "yes"
            _ask_where(talk)
        return True

    def _keep_where(self, talk: Talk, heard: Heard) -> None:
        """Give the report the commune that was keyed or said, if it is one; thank either way."""
        found = find_commune(talk, heard)
        report = last_ticket(talk.session, talk.call_id, self._kind)
        if len(found) == 1 and report is not None and not report.area_code:
            report.area_code = found[0].code
            talk.session.flush()
            talk.say("report_where_kept", area=found[0].full_name)
        talk.hang_up()


def _ask_where(talk: Talk) -> None:
    talk.say("report_where")
    names = [one.name for one in communes_of(talk)] if talk.language == "vi" else []
    talk.ask_keys(LONGEST_KEYED, hints=tuple(names))
