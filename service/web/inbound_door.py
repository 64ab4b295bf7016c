"""The inbound door: texts, and calls to the number that stops them; done, kept, then answered."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus

from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.inbound.stopping import stop_by_call
from hotline.inbound.taking import take_in_text
from hotline.inbound.wishes import Desk
from service.twilio.hearing import read_call_sid, read_caller
from service.twilio.texts import INBOUND_PATH, NOTHING_MORE, read_incoming
from service.twilio.voice import REJECT, STOP_CALL_PATH
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

# What is done in one transaction; it returns whether somebody is owed a text now.
Deed = Callable[[Session], bool]

log = logging.getLogger(__name__)


class InboundDoor:
    """An ASGI application that lets in only what the carrier signed."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        forms: SignedForms,
        *,
        sealer: Sealer,
        hotline: str,
        stop_call_number: str,
        ask_for_texts: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        """Do everything as of *now*; *ask_for_texts* is called when somebody is owed a text."""
        self._sessions = sessions
        self._forms = forms
        self._sealer = sealer
        self._hotline = hotline
        self._stop_call_number = stop_call_number
        self._ask_for_texts = ask_for_texts
        self._now = now
        self._library = HeldLibrary()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="inbound")

    @staticmethod
    def opens(path: str) -> bool:
        return path in {INBOUND_PATH, STOP_CALL_PATH}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            form = dict(await self._forms.let_in(scope, receive))
        except TurnedAwayError as away:
            await answer_problem(send, away.status, str(away))
            return
        is_call = scope["path"] == STOP_CALL_PATH
        deed = self._stop_by_call(form) if is_call else self._take_in(form)
        loop = asyncio.get_running_loop()
        if deed and not await loop.run_in_executor(self._threads, self._do, deed):
            detail = "This was not kept; send it again."
            await answer_problem(send, HTTPStatus.SERVICE_UNAVAILABLE, detail)
            return
        await answer(send, HTTPStatus.OK, REJECT if is_call else NOTHING_MORE, content_type=_TWIML)

    def close(self) -> None:
        """Finish what was begun."""
        self._threads.shutdown()

    def _take_in(self, form: dict[str, str]) -> Deed | None:
        incoming = read_incoming(form)
        if incoming is None:
            return None

        def do(session: Session) -> bool:
            desk = Desk(self._library.current(session), self._hotline, self._sealer)
            return take_in_text(session, incoming, desk=desk, now=self._now())

        return do

    def _stop_by_call(self, form: dict[str, str]) -> Deed | None:
        """Return what a call asks for; nothing on any number but the one that is set for it."""
        number, called = read_caller(form), read_caller({"From": form.get("To", "")})
        if number is None or not self._stop_call_number or called != self._stop_call_number:
            return None

        def do(session: Session) -> bool:
            return stop_by_call(
                session,
                number,
                call_sid=read_call_sid(form),
                hotline=self._hotline,
                sealer=self._sealer,
                now=self._now(),
            )

        return do

    def _do(self, deed: Deed) -> bool:
        """Carry *deed* out; return whether it is kept now, with everything it asked for."""
        try:
            with self._sessions.begin() as session:
                is_owed = deed(session)
        except Exception as fault:  # noqa: BLE001 - the carrier is asked to send it again
            _log(fault)
            return False
        if is_owed:
            self._ask_for_texts()
        return True


def _log(fault: Exception) -> None:
    """Log the kind of *fault* and its place; its message may hold a number."""
    where = traceback.extract_tb(fault.__traceback__)[-1]
    kind = type(fault).__name__
    log.error("what came in was not kept: %s in %s:%s", kind, where.filename, where.lineno)
