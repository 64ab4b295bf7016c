"""Which carrier account an installation sends through, and by which way."""

from pathlib import Path
from typing import Any

from service.carrier_accounts import carrier_account
from service.settings import Settings, load_settings

PROXY = "http://proxy.example.vn:3128"


def settings(data_dir: Path, **given: Any) -> Settings:
    return load_settings(data_dir=data_dir, carrier_proxy=PROXY, **given)


def test_a_proxy_leads_to_the_carrier_but_not_to_the_one_on_this_machine(data_dir: Path) -> None:
    token = "t" * 32
    outside = settings(data_dir, twilio_account_sid="AC1", twilio_auth_token=token)

    assert carrier_account(outside).proxy == PROXY
    assert carrier_account(settings(data_dir)).proxy == ""
