"""The texts door: ``POST /twilio/messages/inbound``, checked, done and kept, then answered."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.inbound.taking import Incoming, take_in_text
from hotline.inbound.wishes import Desk
from service.twilio.texts import NOTHING_MORE, read_incoming
from service.web.libraries import HeldLibrary
from service.web.signed_forms import (
    Receive,
    Scope,
    Send,
    SignedForms,
    TurnedAwayError,
    answer,
    answer_problem,
)

_TWIML = "text/xml; charset=utf-8"

log = logging.getLogger(__name__)


class TextsDoor:
    """An ASGI application that lets in only what the carrier signed."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        forms: SignedForms,
        *,
        sealer: Sealer,
        hotline: str,
        ask_for_texts: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        """Take texts in as of *now*; *ask_for_texts* is called when somebody is owed a reply."""
        self._sessions = sessions
        self._forms = forms
        self._sealer = sealer
        self._hotline = hotline
        self._ask_for_texts = ask_for_texts
        self._now = now
        self._library = HeldLibrary()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="texts")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            form = dict(await self._forms.let_in(scope, receive))
        except TurnedAwayError as away:
            await answer_problem(send, away.status, str(away))
            return
        incoming = read_incoming(form)
        loop = asyncio.get_running_loop()
        if incoming and not await loop.run_in_executor(self._threads, self._take_in, incoming):
            detail = "The text was not kept; send it again."
            await answer_problem(send, HTTPStatus.SERVICE_UNAVAILABLE, detail)
            return
        await answer(send, HTTPStatus.OK, NOTHING_MORE, content_type=_TWIML)

    def close(self) -> None:
        """Finish what was begun."""
        self._threads.shutdown()

    def _take_in(self, incoming: Incoming) -> bool:
        """Return whether *incoming* is kept now, with everything it asked for."""
        try:
            with self._sessions.begin() as session:
                desk = Desk(self._library.current(session), self._hotline, self._sealer)
                is_owed = take_in_text(session, incoming, desk=desk, now=self._now())
        except Exception as fault:  # noqa: BLE001 - the carrier is asked to send it again
            where = traceback.extract_tb(fault.__traceback__)[-1]
            kind = type(fault).__name__
            log.error("a text was not kept: %s in %s:%s", kind, where.filename, where.lineno)  # noqa: TRY400 - its message may hold a number
            return False
        if is_owed:
            self._ask_for_texts()
        return True
