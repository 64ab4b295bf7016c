"""Signing: files that leave this house bear a signature that anybody can check.

Ed25519 (RFC 8032). The key is derived from the seal key, so there is no further secret to keep,
and a copy of the database without that key can sign nothing.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)


class Signer:
    """Signs bytes; the same bytes always get the same signature."""

    def __init__(self, key: bytes) -> None:
        """Sign with the private key that is *key*, of 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(key)

    def sign(self, content: bytes) -> bytes:
        """Return the 64 bytes of the signature of *content*."""
        return self._key.sign(content)

    @property
    def public_pem(self) -> str:
        """The public key, as openssl and every library reads it."""
        key = self._key.public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def is_signed(content: bytes, signature: bytes, *, public_pem: str) -> bool:
    """Whether *signature* is that of *content* by the owner of *public_pem*."""
    key = load_pem_public_key(public_pem.encode("ascii"))
    if not isinstance(key, Ed25519PublicKey):
        return False
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
