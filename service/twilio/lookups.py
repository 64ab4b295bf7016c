"""Asking the carrier what it already has, so that nobody is texted twice after a crash."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from twilio.base import values
from twilio.rest.api.v2010.account.message import MessageInstance, MessageList

from campaigns.gateway import GatewayError, Outcome, SentText
from service.twilio.statuses import outcome_of
from service.twilio.transport import CarrierRefusalError

_PAGE_SIZE = 50
_MOST_PAGES = 20
_NOT_FOUND = 404
_INBOUND = "inbound"
# The carrier keeps a text in its queue for at most ten hours before it sends it.
_LONGEST_QUEUE = timedelta(hours=10)


class Lookup:
    """Questions about texts the carrier has; the answers are in our words."""

    def __init__(self, *, delivered_means_handset: bool) -> None:
        self._delivered_means_handset = delivered_means_handset

    async def find_sent(self, messages: MessageList, *, to: str, since: datetime) -> list[SentText]:
        """List what was handed over for *to* since *since*, newest first; raise GatewayError.

        A text still in the carrier's queue has no date of sending and is missing from every list
        by date, so the list without a date is read as well.
        """
        # The carrier's moments have no fractions of a second.
        since = since.replace(microsecond=0)
        try:
            dated, undated = await asyncio.gather(
                self._collect(messages, to, since=since, by_date=True),
                self._collect(messages, to, since=since, by_date=False),
            )
            found = {text.sid: text for text in dated + undated if text.sent_at >= since}
        except GatewayError:
            raise
        except Exception as unclear:  # noqa: BLE001 - any flaw in the answer leaves us unsure
            raise _no_answer(unclear) from None
        return sorted(found.values(), key=lambda text: text.sent_at, reverse=True)

    async def fetch(self, messages: MessageList, *, sid: str) -> SentText | None:
        """Return the text called *sid*, None if the carrier has none; raise GatewayError."""
        if not (sid.isascii() and sid.isalnum()):
            return None
        try:
            return self._as_sent(await messages(sid).fetch_async())
        except GatewayError:
            raise
        except CarrierRefusalError as refusal:
            if refusal.status == _NOT_FOUND:
                return None
            raise _no_answer(refusal) from None
        except Exception as unclear:  # noqa: BLE001 - any flaw in the answer leaves us unsure
            raise _no_answer(unclear) from None

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
            raise GatewayError(
                "The carrier described a text without its name or date. Nothing was sent again."
            )
        outcome = outcome_of(
            str(message.status), delivered_means_handset=self._delivered_means_handset
        )
        return SentText(
            sid=message.sid,
            body=message.body or "",
            sent_at=taken_over_at,
            outcome=outcome or Outcome.SILENT,
            error_code=str(message.error_code or ""),
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
    raise GatewayError(
        "The carrier's list of texts to one number does not end. Nothing was sent again."
    )


def _no_answer(cause: Exception) -> GatewayError:
    what = str(cause) if isinstance(cause, CarrierRefusalError) else type(cause).__name__
    return GatewayError(
        f"The carrier could not say what it has ({what}). Nothing was sent again; "
        "it will be asked again."
    )
