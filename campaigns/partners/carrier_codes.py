"""Carrier codes: what carriers' own codes in receipts mean, from a data file for each carrier."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

import yaml

from campaigns.gateway import Outcome

FILES = resources.files("campaigns") / "data" / "carrier_codes"
# What every carrier's files begin with: the words of the standards.
_STANDARD = "standard"
# Whoever carried a text for us abroad or for all networks at once.
_GATEWAY = "gateway"
_BETWEEN = ":"


@dataclass(frozen=True, slots=True)
class CarrierCode:
    """One code: what became of the text, why, and whether its owner told the carrier to stop."""

    outcome: Outcome
    vi: str
    en: str
    is_stop: bool = False


@cache
def codes_of(carrier: str) -> Mapping[str, CarrierCode]:
    """Return all codes of *carrier*: its own, and those of the standards that it does not use."""
    return MappingProxyType(read_codes(FILES, carrier))


def read_codes(files: Traversable, carrier: str) -> dict[str, CarrierCode]:
    """Read the codes of *carrier* from the directory *files*; what it does not say is standard."""
    codes: dict[str, CarrierCode] = {}
    for name in (_STANDARD, carrier):
        file = files / f"{name}.yaml"
        if file.is_file():
            codes |= _read_file(file)
    return codes


def _read_file(file: Traversable) -> dict[str, CarrierCode]:
    written: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return {_plain(code): _as_code(one) for code, one in written.items()}


def find_code(carrier: str, code: str) -> CarrierCode | None:
    """Return what *carrier* means by *code*, None for one that is in no file."""
    return codes_of(carrier).get(_plain(code))


def name_code(carrier: str, code: str) -> str:
    """Write *code* so that nobody takes it for another carrier's or the gateway's."""
    return f"{carrier}{_BETWEEN}{_plain(code)}" if code else ""


def explain_code(name: str) -> CarrierCode | None:
    """Return what a code means: a carrier's as `name_code` writes it, or else the gateway's.

    None for one that is in no file.
    """
    carrier, between, code = name.partition(_BETWEEN)
    return find_code(carrier, code) if between else read_gateway_codes().get(name)


@cache
def read_gateway_codes() -> Mapping[str, CarrierCode]:
    """Return the codes of the gateway, all of which say that a text did not reach anybody."""
    return MappingProxyType(_read_file(FILES / f"{_GATEWAY}.yaml"))


def _plain(code: object) -> str:
    """Return *code* as all carriers write it in one way or another: ``027`` is ``27``."""
    text = str(code).strip().upper()
    return text.lstrip("0") or "0" if text.isdigit() else text


def _as_code(written: dict[str, Any]) -> CarrierCode:
    return CarrierCode(
        Outcome(written["outcome"]), written["vi"], written["en"], written.get("stop", False)
    )
