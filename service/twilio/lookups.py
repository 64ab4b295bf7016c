"""Asking the carrier what it already has, so that nobody is texted twice after a crash."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from twilio.base import values
from twilio.rest.api.v2010.account.message import MessageInstance, MessageList

from campaigns.gateway import Inquiry, Outcome, SentText
from service.twilio.codes import is_stopped_by_recipient
from service.twilio.statuses import outcome_of

_PAGE_SIZE = 50
_MOST_PAGES = 20
_ASKED_AT_ONCE = 16
_INBOUND = "inbound"
# The carrier keeps a text in its queue for at most ten hours before it sends it.
_LONGEST_QUEUE = timedelta(hours=10)


Question = TypeVar("Question")
Found = TypeVar("Found")


class _UnclearError(Exception):
    """The carrier's answer leaves open what it has."""


class Lookup:
    """Questions about texts the carrier has; the answers are in our words, many at a time."""

    def __init__(self, *, delivered_means_handset: bool) -> None:
        self._delivered_means_handset = delivered_means_handset

    async def find_sent(
        self, messages: MessageList, *, inquiries: Sequence[Inquiry]
    ) -> list[list[SentText] | None]:
        """List what was handed over for each inquiry, newest first; None where that is unclear."""
        return await _all_at_once(partial(self._find, messages), inquiries)

    async def fetch(self, messages: MessageList, *, sids: Sequence[str]) -> list[SentText | None]:
        """Return the text of each sid, None where the carrier has none or gives no answer."""
        return await _all_at_once(partial(self._fetch, messages), sids)

    async def _find(self, messages: MessageList, inquiry: Inquiry) -> list[SentText]:
        """Read both lists of one number.

        A text still in the carrier's queue has no date of sending and is missing from every list
        by date, so the list without a date is read as well.
        """
        # The carrier's moments have no fractions of a second.
        since = inquiry.since.replace(microsecond=0)
        dated, undated = await asyncio.gather(
            self._collect(messages, inquiry.to, since=since, by_date=True),
            self._collect(messages, inquiry.to, since=since, by_date=False),
        )
        found = {text.sid: text for text in dated + undated if text.sent_at >= since}
        return sorted(found.values(), key=lambda text: text.sent_at, reverse=True)

    async def _fetch(self, messages: MessageList, sid: str) -> SentText | None:
        if not (sid.isascii() and sid.isalnum()):
            return None
        return self._as_sent(await messages(sid).fetch_async())

    async def _collect(
        self, messages: MessageList, to: str, *, since: datetime, by_date: bool
    ) -> list[SentText]:
        found: list[SentText] = []
        async for page in _pages(messages, to, since=since if by_date else None):
            sent = [
                self._as_sent(message) for message in page if str(message.direction) != _INBOUND
            ]
            found += sent
            if sent and all(text.sent_at < since - _LONGEST_QUEUE for text in sent):
                return found
        return found

    def _as_sent(self, message: MessageInstance) -> SentText:
        taken_over_at = message.date_created or message.date_sent
        if not (message.sid and isinstance(taken_over_at, datetime)):
            raise _UnclearError("a text without its name or date")
        outcome = outcome_of(
            str(message.status), delivered_means_handset=self._delivered_means_handset
        )
        code = str(message.error_code or "")
        return SentText(
            sid=message.sid,
            body=message.body or "",
            sent_at=taken_over_at,
            outcome=outcome or Outcome.SILENT,
            error_code=code,
            is_stop=is_stopped_by_recipient(code),
        )


async def _pages(
    messages: MessageList, to: str, *, since: datetime | None
) -> AsyncIterator[list[MessageInstance]]:
    page: Any = await messages.page_async(
        to=to, date_sent_after=since or values.unset, page_size=_PAGE_SIZE
    )
    for _ in range(_MOST_PAGES):
        yield list(page)
        page = await page.next_page_async()
        if page is None:
            return
    raise _UnclearError("a list that does not end")


async def _all_at_once(
    ask: Callable[[Question], Awaitable[Found]], questions: Sequence[Question]
) -> list[Found | None]:
    """Ask many questions at a time; any flaw in an answer makes it None."""
    free = asyncio.Semaphore(_ASKED_AT_ONCE)

    async def ask_one(question: Question) -> Found | None:
        async with free:
            try:
                return await ask(question)
            except Exception:  # noqa: BLE001 - whatever went wrong, we are not sure
                return None

    return await asyncio.gather(*(ask_one(question) for question in questions))
