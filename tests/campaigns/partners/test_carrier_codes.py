"""Carriers' own codes, from a data file for each carrier."""

from pathlib import Path

import pytest

from campaigns.gateway import Outcome
from campaigns.partners.carrier_codes import (
    FILES,
    codes_of,
    explain_code,
    find_code,
    name_code,
    read_codes,
    read_gateway_codes,
)
from campaigns.phones import known_carriers
from service.twilio.codes import STOPPED_BY_RECIPIENT, Meaning, known_codes


@pytest.mark.parametrize("carrier", sorted(known_carriers()))
def test_every_carrier_has_a_file_of_which_every_line_can_be_read(carrier: str) -> None:
    assert (FILES / f"{carrier}.yaml").is_file()
    assert all(code.vi and code.en for code in codes_of(carrier).values())
    assert codes_of(carrier)["DELIVRD"].outcome is Outcome.HANDSET


@pytest.mark.parametrize("written", ["27", "027", " 27 "])
def test_a_code_is_known_however_many_zeros_a_carrier_writes_before_it(written: str) -> None:
    code = find_code("viettel", written)
    assert code is not None
    assert (code.outcome, code.vi) == (Outcome.FAILED, "Máy tắt hoặc ngoài vùng phủ sóng")
    assert name_code("viettel", written) == "viettel:27"


def test_what_a_carrier_means_otherwise_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "standard.yaml").write_text("27: {outcome: failed, vi: Tắt máy, en: Off}")
    (tmp_path / "mobifone.yaml").write_text(
        "27: {outcome: network, vi: Chờ, en: Waits}\n"
        "DNC: {outcome: failed, vi: Từ chối, en: No, stop: true}\n"
    )

    theirs, others = read_codes(tmp_path, "mobifone"), read_codes(tmp_path, "viettel")
    assert theirs["27"].outcome is Outcome.NETWORK
    assert theirs["DNC"].is_stop
    assert others["27"].outcome is Outcome.FAILED


def test_every_code_with_which_the_gateway_reaches_nobody_is_in_words() -> None:
    """The same in English as the gateway's own table says."""
    final = {Meaning.REFUSED, Meaning.FAILED}
    known = {code: one.words for code, one in known_codes().items() if one.meaning in final}
    assert {code: one.en for code, one in read_gateway_codes().items()} == known
    stops = {code for code, one in read_gateway_codes().items() if one.is_stop}
    assert stops == {STOPPED_BY_RECIPIENT}


def test_a_code_is_explained_as_whoever_said_it_means_it() -> None:
    gateways = explain_code("30003")
    assert gateways is not None
    assert gateways.vi == "Máy tắt hoặc ngoài vùng phủ sóng"
    assert explain_code("39999") is None
    explained = explain_code("vinaphone:1")
    assert explained is not None
    assert explained.en == "Nobody has this number"
    assert name_code("viettel", "") == ""
