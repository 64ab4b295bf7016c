"""How the carrier behaves: how slow, how forgetful, and which numbers it fails."""

from dataclasses import dataclass
from hashlib import blake2b

_FAILURES = ("30003", "30005", "30006", "30008")
_SENT_AFTER_S = 0.02
_FATE_AFTER_S = 0.06


@dataclass(frozen=True, slots=True)
class News:
    """One status that a text reaches, *after_s* seconds after it was accepted."""

    after_s: float
    status: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is asked of the carrier; the same *seed* fails, drops and delays the same numbers.

    ``latency_s`` delays each answer, ``late_s`` each callback by up to so much; ``fail`` and
    ``drop`` are shares from 0 to 1; ``rate_per_s`` of 0 means as fast as the machine can.
    """

    latency_s: float = 0.0
    late_s: float = 0.0
    fail: float = 0.0
    drop: float = 0.0
    rate_per_s: float = 0.0
    twice: bool = False
    shuffle: bool = False
    seed: str = ""

    def drops(self, to: str) -> bool:
        """Whether the request that brings a text to *to* gets no answer."""
        return self.drop > 0 and self._draw("drop", to) < self.drop

    def news_of(self, to: str) -> tuple[News, News]:
        """Return what becomes of a text to *to*, in the order in which it really happens."""
        sent_after, fate_after = _SENT_AFTER_S, _FATE_AFTER_S
        if self.late_s:
            sent_after += self.late_s * self._draw("sent", to)
            fate_after += max(sent_after, self.late_s * self._draw("fate", to))
        sent = News(sent_after, "sent")
        if self.fail > 0 and (drawn := self._draw("fail", to)) < self.fail:
            code = _FAILURES[int(drawn / self.fail * len(_FAILURES))]
            return sent, News(fate_after, "undelivered", code)
        return sent, News(fate_after, "delivered")

    def calls_for(self, to: str) -> list[News]:
        """Return the callbacks about a text to *to*: each once or twice, in order or not."""
        calls = list(self.news_of(to)) * (2 if self.twice else 1)
        if not self.shuffle:
            return sorted(calls, key=lambda news: news.after_s)
        longest = max(news.after_s for news in calls)
        return [
            News(longest * 2 * self._draw(f"call{place}", to), news.status, news.code)
            for place, news in enumerate(calls)
        ]

    def _draw(self, lot: str, to: str) -> float:
        drawn = blake2b(f"{self.seed} {lot} {to}".encode(), digest_size=6).digest()
        return int.from_bytes(drawn, "big") / 2**48
