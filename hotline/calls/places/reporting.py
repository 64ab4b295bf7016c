"""Reporting: a rumour or feedback, spoken after the tone, with a number to ask by later."""

from hotline.calls.heard import Heard, HeardKind
from hotline.calls.places.answering import send_reference
from hotline.calls.places.persons import LONGEST_MESSAGE_S, SHORTEST_MESSAGE_S
from hotline.calls.talks import Talk
from hotline.steps import AwaitVoice
from hotline.tickets import TicketKind, Urgency, digit_by_digit, open_ticket


class ReportPlace:
    """Records one report; its number is read out and sent by text."""

    def __init__(self, category: str) -> None:
        self._kind = TicketKind(category)

    def enter(self, talk: Talk) -> None:
        talk.visit.topic = self._kind.value
        talk.say("never_ask")
        talk.say("report_ask")
        talk.ending = AwaitVoice(LONGEST_MESSAGE_S)

    def hear(self, talk: Talk, heard: Heard) -> bool:
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
        talk.hang_up()
        return True
