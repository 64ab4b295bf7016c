"""Signatures of Standard Webhooks, by its own library: what we push, and what partners post."""

from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook, WebhookVerificationError

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"


def sign(body: bytes, message_id: str, *, secrets: Iterable[bytes], at: datetime) -> dict[str, str]:
    """Return the headers that prove *body* to be ours, signed with each of *secrets*."""
    # The library drops what stands behind the second, and any zone.
    moment, text = at.astimezone(UTC), body.decode()
    signatures = [Webhook(secret).sign(message_id, moment, text) for secret in secrets]
    return {
        ID: message_id,
        TIMESTAMP: str(int(moment.timestamp())),
        SIGNATURE: " ".join(signatures),
    }


def is_signed(body: bytes, given: dict[str, str], *, secrets: Iterable[bytes]) -> bool:
    """Whether the headers *given* prove *body* signed with one of *secrets* within 300 seconds."""
    return any(_is_signed_with(secret, body, given) for secret in secrets)


def _is_signed_with(secret: bytes, body: bytes, given: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, given, json_parse=False)
    except (WebhookVerificationError, ValueError):
        # The library lets errors of its own reading through, such as of broken base64.
        return False
    return True
