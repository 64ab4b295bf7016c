"""References: what a partner calls a text by; it says nothing about the text, and only we read it.

A reference is one block of AES-256 (FIPS 197) over the broadcast's number, the position, and six
zero bytes. A block cipher under a key of the partner's own is a permutation of the blocks: two
partners cannot compare their references, nobody sees how many texts there are or which follow one
another, and what somebody makes up does not end in zeros.
"""

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from campaigns.sealing import Sealer

_BLOCK = struct.Struct(">QI4x")
_KEY_BYTES = 32
# A block of 16 bytes in base64, without its padding.
_CHARACTERS = 22
# Of the alphabet; what begins with + or - is taken for a formula by spreadsheets.
_LAST_TWO = b"._"


class References:
    """Names texts for one partner, and finds them again; a million names take a second."""

    def __init__(self, sealer: Sealer, partner_id: int) -> None:
        """Derive the key of the partner with this number from *sealer*'s."""
        key = hashlib.blake2b(
            partner_id.to_bytes(8, "big"),
            key=sealer.derive_key("loa references"),
            digest_size=_KEY_BYTES,
        ).digest()
        # Each reference is a block of its own, so there is nothing for a mode to hide.
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - see above

    def make_all(self, texts: Iterable[tuple[int, int]]) -> list[str]:
        """Return one reference of 22 characters for each (broadcast, position), in order."""
        plain = b"".join(_BLOCK.pack(broadcast_id, position) for broadcast_id, position in texts)
        sealed = self._cipher.encryptor().update(plain)
        return [
            base64.b64encode(sealed[begin : begin + _BLOCK.size], _LAST_TWO)[:_CHARACTERS].decode()
            for begin in range(0, len(sealed), _BLOCK.size)
        ]

    def make(self, broadcast_id: int, position: int) -> str:
        """Return the reference of one text."""
        return self.make_all([(broadcast_id, position)])[0]

    def read(self, reference: str) -> tuple[int, int] | None:
        """Return the broadcast and the position that *reference* names, None if we did not."""
        if len(reference) != _CHARACTERS:
            return None
        try:
            sealed = base64.b64decode(f"{reference}==", altchars=_LAST_TWO, validate=True)
        except (binascii.Error, ValueError):
            return None
        plain = self._cipher.decryptor().update(sealed)
        broadcast_id, position = _BLOCK.unpack(plain)
        # Making it anew refuses what was made up, and every other spelling.
        if broadcast_id >= 2**63 or self.make(broadcast_id, position) != reference:
            return None
        return broadcast_id, position
