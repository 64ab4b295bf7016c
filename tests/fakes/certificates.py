"""Certificates: an authority of a test's own, and servers for whom it vouches, or nobody does."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)
_number = count(1)


@dataclass
class Authority:
    """Signs certificates; whoever trusts *file* trusts them. All it writes is in *directory*."""

    directory: Path
    name: str = "An authority of tests"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def file(self) -> Path:
        """The authority's own certificate, to be trusted by whoever wants to."""
        made = self._sign(self.name, self.key, names=(), is_authority=True)
        path = self.directory / f"authority-{next(_number)}.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path

    def certify(
        self, *names: str, begins: timedelta = -_DAY, ends: timedelta = _DAY
    ) -> ssl.SSLContext:
        """Return what a server needs to prove that it is *names*, from and until then."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._serve(self._sign(names[0], key, names=names, begins=begins, ends=ends), key)

    def vouch_for_itself(self, *names: str) -> ssl.SSLContext:
        """Return a certificate for *names* that nobody signed but its owner."""
        return self._serve(self._sign(self.name, self.key, names=names), self.key)

    def _sign(
        self,
        subject: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        names: Sequence[str],
        begins: timedelta = -_DAY,
        ends: timedelta = _DAY,
        is_authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder(_called(self.name), _called(subject), key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            entries = [_entry(name) for name in names]
            builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def _serve(
        self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> ssl.SSLContext:
        path = self.directory / f"server-{next(_number)}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(path)
        return tls


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _entry(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
