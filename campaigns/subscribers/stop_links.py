"""Stop links: a word for each subscriber, without a number in it, by which they opt out."""

import base64
import hmac

from campaigns.sealing import Sealer

STOP_PATH = "/stop/"
_ID_BYTES = 5
_PROOF_BYTES = 8
_LARGEST_ID = 2 ** (8 * _ID_BYTES) - 1
# Always as long, so that a text's segments are known before it is anybody's.
STOP_CODE_CHARS = 21
_ENDS = ".,;:!?)\"' "
# What a text says until it is somebody's.
_ANYBODYS = f"{STOP_PATH}{'x' * STOP_CODE_CHARS}"


def stop_code(sealer: Sealer, subscriber_id: int) -> str:
    """Return the code of one subscriber, always the same, of STOP_CODE_CHARS letters and digits.

    Only who has the seal key can make one; a wrong guess hits once in 2**64.
    """
    if not 0 <= subscriber_id <= _LARGEST_ID:
        raise ValueError("a stop code names a subscriber from 0 to 2**40 - 1")
    named = subscriber_id.to_bytes(_ID_BYTES, "big")
    proof = bytes.fromhex(sealer.evidence("stop link", str(subscriber_id)))[:_PROOF_BYTES]
    return base64.b32encode(named + proof).decode("ascii").rstrip("=").lower()


def anybodys_link(address: str) -> str:
    """Return the link as it is planned and signed, below *address*; empty without one."""
    return f"{address}{_ANYBODYS}" if address else ""


def as_read_by(body: str, subscriber_id: int, *, sealer: Sealer) -> str:
    """Return *body* with the reader's own link in it, where it has one; it stays as long."""
    if _ANYBODYS not in body:
        return body
    return body.replace(_ANYBODYS, f"{STOP_PATH}{stop_code(sealer, subscriber_id)}")


def read_stop_code(sealer: Sealer, code: str) -> int | None:
    """Return whose *code* it is; None for one that we did not make.

    What ends a sentence may have been copied along.
    """
    code = code.rstrip(_ENDS)
    if len(code) != STOP_CODE_CHARS or not code.isascii():
        return None
    padding = "=" * (-len(code) % 8)
    try:
        named = base64.b32decode(code.upper() + padding)[:_ID_BYTES]
    except ValueError:
        return None
    subscriber_id = int.from_bytes(named, "big")
    made = stop_code(sealer, subscriber_id)
    # Whoever types it on a telephone may write capitals.
    return subscriber_id if hmac.compare_digest(made, code.lower()) else None
