"""How a ledger is shown: codes of carriers with what they mean."""

import io

from rich.console import Console

from campaigns.broadcasts.ledger import Ledger
from service.cli.ledger_views import show_ledger


def test_a_carrier_s_code_is_shown_with_what_it_means() -> None:
    ledger = Ledger(1, 5)
    ledger.accepted = ledger.accepted_by.failed = 5
    ledger.failed = {"viettel:27": 3, "30003": 1, "": 1}
    shown = io.StringIO()
    Console(file=shown, width=160).print(show_ledger(ledger))
    said = shown.getvalue()
    assert "viettel:27: Máy tắt hoặc ngoài vùng phủ sóng / The phone is switched off" in said
    assert "30003" in said
    assert "no code" in said
