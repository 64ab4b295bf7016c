"""A carrier that keeps what it is given, and can be told to misbehave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaigns.gateway import Accepted, Answer, Inquiry, Outcome, OutgoingText, SentText


@dataclass
class FakeCarrier:
    """``answer`` decides about each text; what it accepts or loses is in ``kept``."""

    now: Callable[[], datetime]
    kept: list[tuple[str, SentText]] = field(default_factory=list)
    answer: Callable[[OutgoingText], Answer | None] = lambda _text: None
    is_down: bool = False

    def send_all(self, texts: Sequence[OutgoingText], *, until: datetime) -> list[Answer]:
        return [self.answer(text) or self._accept(text) for text in texts]

    def find_sent(self, inquiries: Sequence[Inquiry]) -> list[list[SentText] | None]:
        return [None if self.is_down else self._sent(inquiry) for inquiry in inquiries]

    def fetch(self, sids: Sequence[str]) -> list[SentText | None]:
        known = {text.sid: text for _, text in self.kept}
        return [known.get(sid) for sid in sids]

    def keep(self, text: OutgoingText) -> SentText:
        """Take *text* over without saying so, as when the answer is lost on its way."""
        sent = SentText(f"SM{len(self.kept) + 1:032d}", text.body, self.now(), Outcome.SILENT, "")
        self.kept.append((text.to, sent))
        return sent

    def mark_all_delivered(self) -> None:
        self.kept = [(number, replace(text, outcome=Outcome.HANDSET)) for number, text in self.kept]

    def numbers(self) -> list[str]:
        return [number for number, _ in self.kept]

    def _sent(self, inquiry: Inquiry) -> list[SentText]:
        return [
            text
            for number, text in self.kept
            if number == inquiry.to and text.sent_at >= inquiry.since
        ]

    def _accept(self, text: OutgoingText) -> Accepted:
        return Accepted(self.keep(text).sid)
