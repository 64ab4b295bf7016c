"""What a sender asks of the carrier, checked as Twilio checks it."""

import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus

from service.loopback.archives import KeptText
from service.loopback.replies import RefusalError

_NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_LANDLINE = re.compile(r"\+842\d{8,9}", re.ASCII)
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}", re.ASCII)
_SHORT_CODE = re.compile(r"\d{3,8}", re.ASCII)
_SERVICE = re.compile(r"MG[0-9a-f]{32}", re.ASCII)
_WEB_ADDRESS = re.compile(r"https?://(?:[^\s/?#@]*@)?[^\s/?#@:]\S*", re.ASCII | re.IGNORECASE)
_LONGEST_BODY = 1600
_LONGEST_VALIDITY_S = 36_000
_LARGEST_PAGE = 1000
_USUAL_PAGE = 50
_DATES = frozenset({"DateSent", "DateSent>", "DateSent<"})
_FILTERS = _DATES | {"To"}


def read_text(form: Mapping[str, str]) -> KeptText:
    """Return the text that *form* asks to send; raise RefusalError with Twilio's own code."""
    sender, service = form.get("From", ""), form.get("MessagingServiceSid", "")
    _check_recipient(form.get("To", ""))
    _check_sender(sender, service)
    body = form.get("Body", "")
    if not body:
        raise _bad(21602, "Message body is required.")
    if len(body) > _LONGEST_BODY:
        raise _bad(21617, "The concatenated message body exceeds the 1600 character limit")
    _check_validity(form.get("ValidityPeriod"))
    callback = form.get("StatusCallback", "")
    if callback and not _WEB_ADDRESS.fullmatch(callback):
        raise _bad(21609, "The 'StatusCallback' URL is not a valid URL.")
    return KeptText(
        sid=f"SM{secrets.token_hex(16)}",
        to=form["To"],
        body=body,
        sender=sender,
        service=service,
        callback=callback,
        at=time.time(),
    )


class ListQuery:
    """Which texts a list asks for, and which page of them."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self.asked = {name: value for name, value in query.items() if name in _FILTERS}
        self.to = query.get("To") or None
        self.size = max(1, min(_LARGEST_PAGE, _whole(query.get("PageSize"), _USUAL_PAGE)))
        self.page = _whole(query.get("Page"), 0)
        self._begin, self._end = 0.0, float("inf")
        self._is_dated = False
        for name, value in query.items():
            self._narrow(name, value)

    def wants(self, text: KeptText, *, is_sent: bool) -> bool:
        """Whether *text* is on the list; one that is still queued has no date to go by."""
        if not self._is_dated:
            return True
        return is_sent and self._begin <= int(text.at) < self._end

    def _narrow(self, name: str, value: str) -> None:
        if name not in _DATES or not value:
            return
        begin, length = _read_moment(value)
        self._is_dated = True
        if name != "DateSent<":
            self._begin = begin
        if name != "DateSent>":
            self._end = begin + length


def _check_recipient(to: str) -> None:
    if not to:
        raise _bad(21604, "A 'To' phone number is required.")
    if not _NUMBER.fullmatch(to):
        raise _bad(21211, f"The 'To' number {to} is not a valid phone number.")
    if _LANDLINE.fullmatch(to):
        raise _bad(21614, f"'To' number: {to}, is not a valid mobile number")


# A broadcast has one sender.
@lru_cache(maxsize=64)
def _check_sender(sender: str, service: str) -> None:
    if service:
        if not _SERVICE.fullmatch(service):
            raise _bad(21701, "The Messaging Service does not exist.")
    elif not sender:
        raise _bad(21603, "A 'From' or 'MessagingServiceSid' parameter is required.")
    elif not any(form.fullmatch(sender) for form in (_NUMBER, _SENDER_NAME, _SHORT_CODE)):
        raise _bad(21212, "The 'From' number or sender name is not valid.")


def _check_validity(validity: str | None) -> None:
    if validity is not None and not 1 <= _whole(validity, 0) <= _LONGEST_VALIDITY_S:
        raise _bad(21624, "The validity period must be from 1 to 36000 seconds.")


def _whole(written: str | None, otherwise: int) -> int:
    is_number = written is not None and written.isascii() and written.isdigit()
    return int(written[:9]) if written and is_number else otherwise


def _read_moment(written: str) -> tuple[float, float]:
    """Return the first second of *written* and how many seconds it names: a day, or one."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise _bad(20001, "A date is written YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ.") from None
    is_day = len(written) == len("2026-03-02")
    length = timedelta(days=1) if is_day else timedelta(seconds=1)
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp(), length.total_seconds()


def _bad(code: int, words: str) -> RefusalError:
    return RefusalError(HTTPStatus.BAD_REQUEST, code, words)
