"""The receipts door: ``POST /twilio/messages/status/<token>``, checked, kept, answered."""

from datetime import UTC, datetime
from http import HTTPStatus

from campaigns.broadcasts.receiving import CarrierReport
from service.tokens import CallbackTokens
from service.twilio.codes import is_stopped_by_recipient
from service.twilio.gateway import CALLBACK_PATH
from service.twilio.statuses import outcome_of
from service.web.group_commits import Entry, GroupCommit
from service.web.signed_forms import (
    Pairs,
    Receive,
    Scope,
    Send,
    SignedForms,
    TurnedAwayError,
    answer,
    answer_problem,
)

_LONGEST_SID = 64
_LONGEST_CODE = 10


class ReceiptsDoor:
    """An ASGI application that lets in only what the carrier signed."""

    def __init__(
        self,
        commits: GroupCommit,
        forms: SignedForms,
        *,
        tokens: CallbackTokens,
        delivered_means_handset: bool,
    ) -> None:
        self._commits = commits
        self._forms = forms
        self._tokens = tokens
        self._delivered_means_handset = delivered_means_handset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            form = await self._forms.let_in(scope, receive)
        except TurnedAwayError as away:
            await answer_problem(send, away.status, str(away))
            return
        entry = self._read(scope["path"].removeprefix(CALLBACK_PATH), form)
        if await self._commits.keep(entry):
            await answer(send, HTTPStatus.NO_CONTENT)
        else:
            detail = "The receipt was not kept; send it again."
            await answer_problem(send, HTTPStatus.SERVICE_UNAVAILABLE, detail)

    def _read(self, token: str, form: Pairs) -> Entry:
        """Return the report in *form*, or under which word to count what is none."""
        named = self._tokens.read(token)
        if named is None:
            return "unknown_token"
        fields = dict(form)
        outcome = outcome_of(
            fields.get("MessageStatus", ""), delivered_means_handset=self._delivered_means_handset
        )
        sid, code = fields.get("MessageSid", ""), fields.get("ErrorCode", "")
        if not (code.isascii() and code.isdigit() and len(code) <= _LONGEST_CODE):
            code = ""
        if outcome is None or not (sid.isascii() and sid.isalnum()) or len(sid) > _LONGEST_SID:
            return "unreadable"
        return CarrierReport(
            broadcast_id=named[0],
            position=named[1],
            sid=sid,
            outcome=outcome,
            code=code,
            received_at=datetime.now(UTC),
            is_stop=is_stopped_by_recipient(code),
        )
