"""Callback tokens: which delivery a status callback is about, and proof that we said so."""

import hashlib
import hmac

_KEY_BYTES = 32
_MAC_BYTES = 10
_LARGEST = 2**63 - 1
_LONGEST_TOKEN = 56


class CallbackTokens:
    """Makes and reads tokens of a broadcast's id and a delivery's position; no number is in them.

    Hexadecimal digits only: carriers refuse some punctuation in callback addresses.
    """

    def __init__(self, secret: bytes) -> None:
        """Derive the working key from *secret*, which must have at least 32 bytes."""
        if len(secret) < _KEY_BYTES:
            raise ValueError(f"a secret for callback tokens needs at least {_KEY_BYTES} bytes")
        key = hashlib.blake2b(secret, digest_size=_KEY_BYTES, person=b"loa callbacks").digest()
        self._keyed = hashlib.blake2b(key=key, digest_size=_MAC_BYTES)

    def make(self, broadcast_id: int, position: int) -> str:
        """Return the token of one delivery, 24 to 56 characters, always the same."""
        if not (0 <= broadcast_id <= _LARGEST and 0 <= position <= _LARGEST):
            raise ValueError("a token is made of two numbers from 0 to 2^63 - 1")
        named = _pack(broadcast_id) + _pack(position)
        keyed = self._keyed.copy()
        keyed.update(named)
        return (named + keyed.digest()).hex()

    def read(self, token: str) -> tuple[int, int] | None:
        """Return the broadcast's id and the position in *token*, None if we did not make it."""
        named = _decode(token)[:-_MAC_BYTES]
        broadcast_id, rest = _unpack(named)
        position, _ = _unpack(rest)
        if not named or broadcast_id > _LARGEST or position > _LARGEST:
            return None
        # Making it anew also refuses every other spelling of the same two numbers.
        made = self.make(broadcast_id, position)
        if not hmac.compare_digest(made.encode("ascii"), token.encode("ascii")):
            return None
        return broadcast_id, position


def _decode(token: str) -> bytes:
    if len(token) > _LONGEST_TOKEN or not token.isascii():
        return b""
    try:
        return bytes.fromhex(token)
    except ValueError:
        return b""


def _pack(number: int) -> bytes:
    size = (number.bit_length() + 7) // 8
    return bytes([size]) + number.to_bytes(size, "big")


def _unpack(packed: bytes) -> tuple[int, bytes]:
    size = packed[0] if packed else 0
    return int.from_bytes(packed[1 : 1 + size], "big"), packed[1 + size :]
