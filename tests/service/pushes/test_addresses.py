"""Where pushes may go: to the internet, and to networks that a setting names."""

import pytest

from campaigns.partners.errors import PartnerRefusedError
from service.pushes.addresses import PushAddresses

ANYWHERE = PushAddresses(())


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.255.0.9",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
        ),
        *("100.64.0.1", "169.254.169.254", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"),
        *("64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "fc00::1"),
        *("fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1"),
        *("2001:0:7f00:1::f5ff:fffe", "localhost", "", "127.1"),
    ],
)
def test_no_push_goes_into_a_network_that_is_not_the_internet(address: str) -> None:
    assert not ANYWHERE.may_connect(address, is_encrypted=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_pushes_go_to_the_internet_if_they_are_encrypted(address: str) -> None:
    assert ANYWHERE.may_connect(address, is_encrypted=True)
    assert not ANYWHERE.may_connect(address, is_encrypted=False)


def test_a_network_that_is_named_is_open_encrypted_or_not() -> None:
    ours = PushAddresses(["10.30.0.0/16", "fd00::/8"])
    assert ours.may_connect("10.30.1.2", is_encrypted=False)
    assert ours.may_connect("::ffff:10.30.1.2", is_encrypted=True)
    assert ours.may_connect("fd00::5", is_encrypted=False)
    assert not ours.may_connect("10.31.0.1", is_encrypted=True)


@pytest.mark.parametrize(
    "url",
    [
        *("", "partner.example.vn", "ftp://127.0.0.1/", "https://", "https:///path"),
        *("https://lan:mật@127.0.0.1/", "https://lan@127.0.0.1/", "https://127.0.0.1/#a"),
        *("https://127.0.0.1:0/", "https://127.0.0.1:99999/", "https://[::1/", "https://a b/"),
        *("https://8.8.8.8\\@127.0.0.1/", "https://127.0.0.1/" + "x" * 500, "https://đối.tác/"),
        "https://127.0.0.1/\r\nX: y",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(PartnerRefusedError, match="no address to push to"):
        PushAddresses(["127.0.0.0/8"]).require(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://127.0.0.1/", "leads to 127.0.0.1"),
        ("https://localhost/", "no address of the internet"),
        ("https://2130706433/", "leads to 127.0.0.1"),
        ("http://8.8.8.8/", "begins with http://"),
        ("https://nobody.invalid/", "No address was found"),
    ],
)
def test_why_an_address_is_refused_is_said(url: str, said: str) -> None:
    with pytest.raises(PartnerRefusedError, match=said):
        ANYWHERE.require(url)


def test_an_address_of_a_named_network_is_accepted() -> None:
    ours = PushAddresses(["127.0.0.0/8"])
    ours.require("http://127.0.0.1:8080/loa?a=b")
    with pytest.raises(PartnerRefusedError):
        ours.require("http://[::1]:8080/loa?a=b")
