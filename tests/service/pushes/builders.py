"""Builders of partners that are pushed to, and of what they are pushed."""

from base64 import b64encode

from campaigns.partners.push_gateway import Push
from tests.fakes.partners import Partner

ROWS = [{"seq": 1, "state": "handset", "at": "2026-03-02T12:00:00+07:00"}]
_SECRET = b"a secret of tests, 32 bytes long"


def a_partner() -> Partner:
    return Partner(f"whsec_{b64encode(_SECRET).decode()}")


def a_push(url: str) -> Push:
    return Push("viettel-ls", url, (_SECRET,), first=1, last=1, rows=ROWS)
