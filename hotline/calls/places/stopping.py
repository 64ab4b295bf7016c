"""Stopping: no more texts to the caller's own number, after one key of confirmation."""

from campaigns.subscribers.consent import opt_out
from hotline.calls.heard import Heard
from hotline.calls.talks import Talk

YES_KEY = "1"
NO_KEY = "2"
SOURCE = "hotline key"


class OptOutPlace:
    """The opt-out that works where texts cannot be answered: it holds from this moment."""

    def enter(self, talk: Talk) -> None:
        talk.visit.topic = "stop_texts"
        if talk.sealed is None:
            talk.say("stop_withheld")
            talk.say("after_answer")
        else:
            talk.say("stop_confirm")
        talk.ask_key()

    def hear(self, talk: Talk, heard: Heard) -> bool:
        if talk.sealed is None or heard.keys not in {YES_KEY, NO_KEY}:
            return False
        if heard.keys == YES_KEY:
            number = talk.sealer.unseal(talk.sealed)
            opt_out(
                talk.session,
                number,
                source=SOURCE,
                sealer=talk.sealer,
                now=talk.now,
                evidence=talk.sealer.evidence(SOURCE, str(talk.call_id)),
            )
            talk.answer = talk.visit.topic
        talk.say("stop_done" if heard.keys == YES_KEY else "stop_kept")
        talk.say("after_answer")
        talk.ask_key()
        return True
