"""Declaring: the optional health declaration by keys, one question at a time."""

from datetime import timedelta

from campaigns.phones import read_phone
from hotline.calls.heard import Heard, HeardKind
from hotline.calls.places.answering import send_reference
from hotline.calls.places.localities import communes_of
from hotline.calls.talks import Talk
from hotline.calls.visits import Visit
from hotline.declarations.document import NO, YES, Question
from hotline.declarations.records import Declaration, begin_declaration
from hotline.references import digit_by_digit
from hotline.steps import AwaitVoice
from hotline.voice_messages import hold_voice

HEALTH_DESK = "health"
_PHASE = "phase"
_ID = "declaration"
_ASKED = "asked"
_CONSENT, _PLEDGE, _ASK, _NEXT = "consent", "pledge", "ask", "next"


class DeclarationPlace:
    """Asks for consent, then for the truth, then question by question; keeps only sealed answers.

    The visit remembers which declaration it is and nothing of what is in it, so a call that broke
    off goes on with the first question that has no answer yet.
    """

    def enter(self, talk: Talk) -> None:
        talk.visit.topic = "declarations"
        if not talk.library.declaration.enabled:
            talk.say("declaration_off")
            talk.back()
            return
        match talk.visit.notes.get(_PHASE, _CONSENT):
            case "pledge":
                talk.say("declaration_pledge")
            case "ask":
                _ask(talk)
                return
            case "next":
                talk.say("declaration_next_person")
            case _:
                talk.say("never_ask")
                talk.say("declaration_consent")
        talk.ask_key()

    def hear(self, talk: Talk, heard: Heard) -> bool:
        match talk.visit.notes.get(_PHASE, _CONSENT):
            case "pledge":
                return self._hear_pledge(talk, heard)
            case "ask":
                return self._hear_answer(talk, heard)
            case "next":
                return self._hear_next(talk, heard)
            case _:
                return self._hear_consent(talk, heard)

    def _hear_consent(self, talk: Talk, heard: Heard) -> bool:
        if heard.keys == NO:
            talk.back()
        elif heard.keys == YES:
            talk.visit.notes[_PHASE] = _PLEDGE
        return heard.keys in {YES, NO}

    def _hear_pledge(self, talk: Talk, heard: Heard) -> bool:
        if heard.keys != YES:
            return False
        _begin(talk)
        return True

    def _hear_answer(self, talk: Talk, heard: Heard) -> bool:
        declaration = _current(talk)
        if declaration is None:
            talk.visit.notes.clear()
            return True
        answers = declaration.read(talk.sealer)
        question = talk.library.declaration.next_question(answers)
        if question is None or question.id != talk.visit.notes.get(_ASKED):
            # Other questions were loaded since this one was asked.
            return True
        said = _take_answer(talk, declaration, question, heard)
        if said is None:
            return False
        answers[question.id] = said
        declaration.write(answers, talk.sealer)
        if question.is_danger and heard.keys == YES:
            talk.say("declaration_danger")
            talk.call_person(HEALTH_DESK)
        elif talk.library.declaration.next_question(answers) is None:
            _finish(talk, declaration)
        return True

    def _hear_next(self, talk: Talk, heard: Heard) -> bool:
        if heard.keys == YES:
            _begin(talk)
        elif heard.keys == NO:
            talk.hang_up()
        return heard.keys in {YES, NO}


def _begin(talk: Talk) -> None:
    keep_for = timedelta(days=talk.library.declaration.retention_days)
    declaration = begin_declaration(
        talk.session, talk.call_id, keep_for=keep_for, sealer=talk.sealer, now=talk.now
    )
    talk.visit.notes |= {_PHASE: _ASK, _ID: str(declaration.id)}


def take_over(talk: Talk, before: Visit) -> None:
    """Let this call go on with the declaration that the call *before* was in, and only this one."""
    begun = talk.session.get(Declaration, int(before.notes.get(_ID, "0"))) if before.notes else None
    if begun is not None:
        begun.call_id = talk.call_id


def _current(talk: Talk) -> Declaration | None:
    begun = talk.session.get(Declaration, int(talk.visit.notes.get(_ID, "0")))
    return begun if begun is not None and begun.call_id == talk.call_id else None


def _ask(talk: Talk) -> None:
    declaration = _current(talk)
    answers = declaration.read(talk.sealer) if declaration else {}
    question = talk.library.declaration.next_question(answers)
    if declaration is None or question is None:
        talk.visit.notes.clear()
        talk.say("declaration_consent")
        talk.ask_key()
        return
    talk.visit.notes[_ASKED] = question.id
    talk.utter(f"question.{question.id}", question.prompt)
    _offer_known(talk, question)
    if question.seconds is not None:
        talk.ending = AwaitVoice(question.seconds)
    elif question.most_keys == 1:
        talk.ask_key()
    else:
        talk.ask_keys(question.most_keys)


def _take_answer(
    talk: Talk, declaration: Declaration, question: Question, heard: Heard
) -> str | None:
    """Return what answers *question*: keys, or the name of what was spoken; None if neither."""
    if question.kind != "voice":
        return _read_keys(talk, question, heard.keys)
    if heard.kind is not HeardKind.VOICE or not heard.seconds:
        return None
    hold_voice(
        talk.session,
        heard.voice_sid,
        seconds=heard.seconds,
        declaration_id=declaration.id,
        now=talk.now,
    )
    return heard.voice_sid


def _read_keys(talk: Talk, question: Question, keys: str) -> str | None:
    """Return the answer that *keys* give; None where they answer nothing."""
    if keys == YES and (known := _known_answer(talk, question)):
        return known
    if not question.takes(keys, now=talk.now):
        return None
    if question.kind == "commune" and all(one.code != keys for one in communes_of(talk)):
        return None
    return read_phone(keys) if question.kind == "phone" else keys


def _offer_known(talk: Talk, question: Question) -> None:
    """Offer one key for what would take many, as far as the answer is known.

    The number itself is not read out: what is said is kept for a day, and not sealed.
    """
    if question.kind == "phone" and talk.sealed is not None:
        talk.say("phone_confirm")
    elif question.kind == "commune" and (area := _own_commune(talk)):
        talk.say("commune_confirm", area=area)


def _known_answer(talk: Talk, question: Question) -> str:
    """Return the caller's own number or commune, where that is asked and known; else ``""``."""
    if question.kind == "phone" and talk.sealed is not None:
        return talk.sealer.unseal(talk.sealed)
    is_known = question.kind == "commune" and _own_commune(talk)
    return talk.visit.area_code if is_known else ""


def _own_commune(talk: Talk) -> str:
    """Return the name of the caller's commune, as far as it is known and still exists."""
    communes = communes_of(talk) if talk.visit.area_code else ()
    named = (one.full_name for one in communes if one.code == talk.visit.area_code)
    return next(named, "")


def _finish(talk: Talk, declaration: Declaration) -> None:
    declaration.is_complete = True
    talk.answer = "declaration"
    talk.say("declaration_done", reference=digit_by_digit(declaration.reference))
    if talk.sealed is None:
        talk.say("declaration_withheld")
    else:
        body = talk.library.phrases.phrases["declaration_sms"].in_language(talk.language)
        send_reference(
            talk,
            body.format(reference=declaration.reference),
            subject=f"declaration.{declaration.reference}",
        )
    talk.visit.notes = {_PHASE: _NEXT}
