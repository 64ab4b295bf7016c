"""One batch of texts spoken to the carrier, many at a time, one answer for each."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from twilio.rest.api.v2010.account.message import MessageList

from campaigns.gateway import (
    Accepted,
    Answer,
    Blocked,
    OutgoingText,
    Postponed,
    Refused,
    Uncertain,
)
from service.twilio.codes import answer_to_refusal
from service.twilio.transport import CarrierRefusalError
from service.twilio.wires import NoConnectionError, NoTrustError

NOT_SPOKEN = Postponed("not-spoken", timedelta(0))
UNREACHABLE = Postponed("unreachable", timedelta(seconds=5))
# A text begun with less time than this would mostly end in doubt.
_SHORTEST_TALK_S = 0.5
_LONGEST_PAUSE = timedelta(seconds=2)

Phrase = dict[str, Any]


class Talk:
    """The texts of one batch on their way to the carrier; ``answers`` keeps their order."""

    def __init__(
        self,
        messages: MessageList,
        texts: Sequence[OutgoingText],
        *,
        phrase: Callable[[OutgoingText], Phrase],
        deadline: float,
    ) -> None:
        """Prepare to speak *texts* until *deadline*, a moment of the running loop's clock."""
        self.answers: list[Answer] = [NOT_SPOKEN] * len(texts)
        self._messages = messages
        self._phrase = phrase
        self._deadline = deadline
        # One iterator for all speakers: each takes the next text that nobody has taken.
        self._waiting = iter(enumerate(texts))
        self._blocked_senders: dict[str, Blocked] = {}
        self._given_up: Postponed | None = None
        self._quiet_until = 0.0

    async def hold(self, *, speakers: int) -> None:
        """Speak with so many requests under way at a time, until every text has its answer."""
        await asyncio.gather(*(self._speak() for _ in range(min(speakers, len(self.answers)))))

    async def _speak(self) -> None:
        for place, text in self._waiting:
            self.answers[place] = await self._reason_for_silence(text) or await self._hand_over(
                text
            )

    async def _reason_for_silence(self, text: OutgoingText) -> Answer | None:
        loop = asyncio.get_running_loop()
        if (pause := self._quiet_until - loop.time()) > 0 and self._given_up is None:
            await asyncio.sleep(pause)
        if self._given_up is not None:
            return self._given_up
        if text.sender in self._blocked_senders:
            return self._blocked_senders[text.sender]
        return NOT_SPOKEN if loop.time() > self._deadline - _SHORTEST_TALK_S else None

    async def _hand_over(self, text: OutgoingText) -> Answer:
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._messages.create_async(**self._phrase(text))
        except CarrierRefusalError as refusal:
            answer = answer_to_refusal(refusal.status, refusal.code, wait=refusal.wait)
            self._heed(text, answer)
            return answer
        except NoTrustError:
            return Blocked("certificate", "The carrier's certificate cannot be trusted")
        except NoConnectionError:
            # No byte of the text left, and the next would fare no better.
            self._given_up = UNREACHABLE
            return UNREACHABLE
        except UnicodeError:
            return Refused("unwritable")
        except Exception as lost:  # noqa: BLE001 - whatever went wrong, the text may have left
            return Uncertain(type(lost).__name__)
        return Accepted(message.sid) if message.sid else Uncertain("no sid")

    def _heed(self, text: OutgoingText, answer: Answer) -> None:
        match answer:
            case Blocked():
                self._blocked_senders[text.sender] = answer
            case Postponed(wait=wait) if wait > _LONGEST_PAUSE:
                self._given_up = answer
            case Postponed(wait=wait):
                now = asyncio.get_running_loop().time()
                self._quiet_until = max(self._quiet_until, now + wait.total_seconds())
            case _:
                pass
