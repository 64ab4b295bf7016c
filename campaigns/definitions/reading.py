"""Reading: from a campaign file to its document, or to everything that is wrong with it."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from campaigns.complaints import Complaint
from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.remedies import REMEDIES, remedy_for
from campaigns.definitions.trees import Place, Tree, read_tree, written_place
from campaigns.errors import DefinitionError

MAX_BYTES = 256 * 1024

_EMPTY = "is empty"
_PROBLEMS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is no field of a campaign file",
    "string_type": "must be a word or a sentence",
    "model_type": "must be a group of fields",
    "model_attributes_type": "must be a group of fields",
    "dict_type": "must be a group of fields",
    "tuple_type": "must be a list in brackets",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "int_type": "must be a whole number",
    "string_pattern_mismatch": "is not written as it must be",
    "too_short": "must not be empty",
}


def read_campaign(source: str, *, name: str) -> CampaignDocument:
    """Return the campaign that *source*, the content of the file *name*, defines.

    Raises DefinitionError with one complaint for each fault found, by line.
    """
    if len(source.encode(errors="surrogatepass")) > MAX_BYTES:
        raise _about_file(f"{name} is larger than 256 KiB", "A campaign takes a page; check it")
    tree = read_tree(source.removeprefix("\ufeff"))
    # An empty "levels:" must not quietly mean every level.
    complaints = tree.complaints + [_about_empty(tree, place) for place in tree.empty if place]
    try:
        document = CampaignDocument.model_validate(tree.value)
    except ValidationError as invalid:
        found = [complaint for error in invalid.errors() for complaint in _read(error, tree)]
        complaints = list(dict.fromkeys(complaints + found))
        raise DefinitionError(sorted(complaints, key=lambda one: one.line)) from None
    if complaints:
        raise DefinitionError(complaints)
    return document


def read_campaign_file(path: Path) -> CampaignDocument:
    """Return the campaign in the file at *path*; raise DefinitionError or OSError."""
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    try:
        source = raw.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        if len(raw) <= MAX_BYTES:
            line = raw.count(b"\n", 0, broken.start) + 1
            complaint = Complaint(
                line,
                "file",
                f"{path.name} is not in UTF-8",
                "Save it again with the encoding UTF-8",
            )
            raise DefinitionError([complaint]) from None
        source = raw.decode("utf-8", errors="replace")
    return read_campaign(source, name=path.name)


def _read(error: Any, tree: Tree) -> Iterator[Complaint]:
    """Yield the complaints in one of pydantic's errors."""
    place: Place = tuple(part for part in error["loc"] if part != "[key]")
    findings = error.get("ctx", {}).get("findings")
    if findings is None:
        # A field that is missing stands nowhere; the group it is missing from may.
        line = tree.line_of(place) if place[1:] or place in tree.lines else 0
        yield Complaint(line, written_place(place), _problem(error), _remedy(error, place))
        return
    for at, problem, remedy in findings:
        where = (*place, *at)
        yield Complaint(tree.line_of(where), written_place(where), problem, remedy)


def _problem(error: Any) -> str:
    kind = error["type"]
    if kind != "missing" and error.get("input") is None:
        return _EMPTY
    if kind == "enum":
        return f"{str(error['input'])[:40]} is not known"
    message = error["msg"]
    return _PROBLEMS.get(kind, message[:1].lower() + message[1:])


def _remedy(error: Any, place: Place) -> str:
    if not place:
        return "Write fields and values, such as campaign: cap-do-3-cam; see docs/campaign-file.md"
    if error["type"] != "extra_forbidden":
        return remedy_for(place)
    around = written_place(place[:-1]) + "." if place[1:] else ""
    known = [
        field.removeprefix(around)
        for field in REMEDIES
        if field.startswith(around) and "." not in field.removeprefix(around)
    ]
    close = difflib.get_close_matches(str(place[-1]), known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Take it out; known are {', '.join(known)}"


def _about_empty(tree: Tree, place: Place) -> Complaint:
    return Complaint(tree.line_of(place), written_place(place), _EMPTY, remedy_for(place))


def _about_file(problem: str, remedy: str) -> DefinitionError:
    return DefinitionError([Complaint(0, "file", problem, remedy)])
