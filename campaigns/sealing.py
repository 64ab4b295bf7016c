"""Sealing: telephone numbers unreadable at rest, and still findable.

A number is sealed with AES-256-GCM (NIST SP 800-38D) under a random nonce and found again by a
keyed BLAKE2b fingerprint (RFC 7693). Both keys are derived from one seal key, so a copy of the
database without that key shows no number and cannot be searched by trying numbers out.
"""

import hashlib
import os
import struct
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from campaigns.errors import SealBrokenError
from campaigns.signing import Signer

FINGERPRINT_BYTES = 16
NONCE_BYTES = 12
KEY_BYTES = 32
_NONCES_DRAWN_AT_ONCE = 512
_SHORTEST_MASKABLE = 11


class Sealer:
    """Seals and fingerprints E.164 numbers; about 2 microseconds a number for both."""

    def __init__(self, seal_key: bytes) -> None:
        """Derive the working keys from *seal_key*, which must have at least 32 bytes.

        ``signer`` signs what leaves this house, by a third key.
        """
        if len(seal_key) < KEY_BYTES:
            raise ValueError(f"a seal key needs at least {KEY_BYTES} bytes")
        self._seal_key = seal_key
        self._cipher = AESGCM(_derive(seal_key, b"loa seal"))
        self._keyed = hashlib.blake2b(
            key=_derive(seal_key, b"loa fingerprint"), digest_size=FINGERPRINT_BYTES
        )
        self.signer = Signer(_derive(seal_key, b"loa signing"))
        self._proving = hashlib.blake2b(
            key=_derive(seal_key, b"loa evidence"), digest_size=FINGERPRINT_BYTES
        )
        self._nonces: Iterator[bytes] = iter(())
        self._drawn_by = 0

    def seal(self, number: str) -> bytes:
        """Encrypt *number*; two seals of one number differ."""
        return self.seal_bytes(number.encode("ascii"))

    def seal_bytes(self, plain: bytes) -> bytes:
        """Encrypt *plain*, such as a voice message; it grows by 28 bytes."""
        nonce = self._next_nonce()
        return nonce + self._cipher.encrypt(nonce, plain, None)

    def unseal(self, sealed: bytes) -> str:
        """Return the number inside *sealed*, or raise SealBrokenError."""
        return self.unseal_bytes(sealed).decode("ascii")

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """Return what `seal_bytes` was given, or raise SealBrokenError."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (InvalidTag, ValueError) as broken:
            raise SealBrokenError(
                "A stored number does not open with LOA_SEAL_KEY. Nothing was changed. "
                "Start again with the key this database was filled with."
            ) from broken

    def fingerprint(self, number: str) -> bytes:
        """Return 16 bytes that are the same for the same number and say nothing about it."""
        keyed = self._keyed.copy()
        keyed.update(number.encode("ascii"))
        return keyed.digest()

    def derive_key(self, purpose: str) -> bytes:
        """Return 32 bytes for *purpose*, of at most 16 letters; always the same for a seal key."""
        return _derive(self._seal_key, purpose.encode("ascii"))

    def evidence(self, *proof: str) -> str:
        """Return 32 letters that are the same for the same *proof* and say nothing about it."""
        keyed = self._proving.copy()
        for part in proof:
            written = part.encode(errors="surrogatepass")
            keyed.update(len(written).to_bytes(8, "big") + written)
        return keyed.hexdigest()

    def _next_nonce(self) -> bytes:
        # One system call a number would cost as much as the encryption; a forked child must not
        # go on with its parent's nonces.
        nonce = next(self._nonces, None) if self._drawn_by == os.getpid() else None
        if nonce is None:
            drawn = os.urandom(NONCE_BYTES * _NONCES_DRAWN_AT_ONCE)
            self._nonces = iter(struct.unpack(f"{NONCE_BYTES}s" * _NONCES_DRAWN_AT_ONCE, drawn))
            self._drawn_by = os.getpid()
            nonce = next(self._nonces)
        return nonce


def mask(number: str) -> str:
    """Show just enough of an E.164 *number* to recognise it: ``+84 96x xxx 515``."""
    if len(number) < _SHORTEST_MASKABLE:
        return "xxx"
    return f"{number[:3]} {number[3:5]}x xxx {number[-3:]}"


def _derive(seal_key: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(seal_key[:64], digest_size=KEY_BYTES, person=purpose[:16]).digest()
