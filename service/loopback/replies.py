"""The carrier's answers, in Twilio's shapes."""

import time
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import orjson

from service.loopback.archives import KeptText
from service.loopback.connections import Reply

API_VERSION = "2010-04-01"


class RefusalError(Exception):
    """The carrier says no: *status* for HTTP, *code* and *words* as Twilio has them."""

    def __init__(self, status: HTTPStatus, code: int, words: str, **headers: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def refusal_reply(refusal: RefusalError) -> Reply:
    document = {
        "code": refusal.code,
        "message": str(refusal),
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status.value,
    }
    headers = tuple(f"{name}: {value}" for name, value in refusal.headers.items())
    return json_reply(document, status=refusal.status, headers=headers)


def json_reply(
    document: Any, *, status: int = HTTPStatus.OK, headers: tuple[str, ...] = ()
) -> Reply:
    return Reply(status, orjson.dumps(document), headers)


def describe(
    text: KeptText, *, status: str, code: str, account_sid: str, is_sent: bool
) -> dict[str, Any]:
    """Describe *text* as Twilio's Message resource does."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{text.sid}"
    created = _rfc2822(int(text.at))
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": text.body,
        "date_created": created,
        "date_sent": created if is_sent else None,
        "date_updated": created,
        "direction": "outbound-api",
        "error_code": int(code) if code else None,
        "error_message": None,
        "from": text.sender or None,
        "messaging_service_sid": text.service or None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.to,
        "uri": f"{uri}.json",
    }


@lru_cache(maxsize=256)
def _rfc2822(second: int) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(second))
