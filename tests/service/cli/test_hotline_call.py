"""``loa hotline call``: the address that a call is signed for."""

import pytest

from service.cli.hotline_call import signed_address


@pytest.mark.parametrize(
    ("public_url", "url", "signed_for"),
    [
        ("http://127.0.0.1:8000", None, "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8123/", "http://127.0.0.1:8123"),
        ("https://loa.langson.gov.vn", "http://127.0.0.1:8123", "https://loa.langson.gov.vn"),
        ("http://127.0.0.1:8000", "https://loa.langson.gov.vn", "http://127.0.0.1:8000"),
    ],
)
def test_a_call_is_signed_for_the_address_the_web_takes_for_its_own(
    public_url: str, url: str | None, signed_for: str
) -> None:
    """What `loa up --port` and the demonstration run on this machine is rung without more ado."""
    assert signed_address(public_url, url) == signed_for
