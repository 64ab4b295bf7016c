"""Addresses that may be pushed to: those of the internet, and networks that a setting names.

A partner names the address to which our own machine then speaks. Whoever could name one inside
our network would reach what is meant for nobody outside.
"""

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from campaigns.partners.endpoints import LONGEST_URL
from campaigns.partners.errors import PartnerRefusedError

SETTING = "LOA_PUSH_NETWORKS"
# RFC 6052: the last 32 bits are an address of IPv4.
_NAT64 = IPv6Network("64:ff9b::/96")
# What stands in an address without a fragment (RFC 3986), as all programs read it.
_PLAIN = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+").fullmatch
_LARGEST_IPV4 = 2**32 - 1


class PushAddresses:
    """Says where pushes may go: every global address, and *allowed* networks besides."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = [ip_network(network) for network in allowed]

    def may_connect(self, address: str, *, is_encrypted: bool) -> bool:
        """Whether a push may go to *address*; unencrypted only to an allowed network."""
        found = _innermost(address)
        if found is None:
            return False
        if any(found in network for network in self._allowed):
            return True
        return is_encrypted and _is_global(found)

    def require(self, url: str) -> None:
        """Raise PartnerRefusedError unless *url* is an address that may be pushed to now.

        What a name leads to is looked at again whenever a connection is opened.
        """
        parts = _split(url)
        is_encrypted = parts.scheme == "https"
        port = parts.port or (443 if is_encrypted else 80)
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise PartnerRefusedError(
                f"No address was found for {parts.hostname}. Nothing was changed. Check how it is "
                "written, and try again once its name is known."
            ) from None
        for *_, place in found:
            if not self.may_connect(str(place[0]), is_encrypted=is_encrypted):
                raise PartnerRefusedError(_why_closed(str(place[0]), is_encrypted=is_encrypted))


def _split(url: str) -> SplitResult:
    parts = _try_to_split(url)
    if parts is None or len(url) > LONGEST_URL or not _PLAIN(url):
        raise PartnerRefusedError(
            "That is no address to push to. Nothing was changed. Write a full one such as "
            f"https://partner.example.vn/loa, of at most {LONGEST_URL} characters, without a "
            "password in it."
        )
    return parts


def _try_to_split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return None
    names_a_place = bool(parts.hostname) and has_port and "@" not in parts.netloc
    return parts if parts.scheme in {"http", "https"} and names_a_place else None


def _why_closed(address: str, *, is_encrypted: bool) -> str:
    if is_encrypted:
        return (
            f"It leads to {address}, which is no address of the internet. Nothing was changed. If "
            f"that is a line of your own to the partner, name its network in {SETTING}."
        )
    return (
        "It begins with http://, so anybody on the way could read it. Nothing was changed. Write "
        f"https://; only to networks named in {SETTING} nothing need be encrypted."
    )


def _innermost(address: str) -> IPv4Address | IPv6Address | None:
    """Return what *address* leads to in the end, also where IPv4 is wrapped into IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    if found in _NAT64:
        return IPv4Address(int(found) & _LARGEST_IPV4)
    teredo = found.teredo[1] if found.teredo else None
    return found.ipv4_mapped or found.sixtofour or teredo or found


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )
