"""The published JSON Schema of campaign files."""

import json
from pathlib import Path
from typing import Any

from campaigns.definitions.remedies import REMEDIES
from campaigns.definitions.schema import json_schema

PUBLISHED = Path(__file__).parents[3] / "docs" / "schema" / "campaign.schema.json"
MANUAL = Path(__file__).parents[3] / "docs" / "campaign-file.md"


def fields_of(schema: dict[str, Any], part: dict[str, Any], around: str = "") -> set[str]:
    found = set()
    for name, value in part["properties"].items():
        found.add(around + name)
        options = [value, *value.get("anyOf", ())]
        for reference in [option["$ref"] for option in options if "$ref" in option]:
            inner = schema["$defs"][reference.rpartition("/")[2]]
            if "properties" in inner:
                found |= fields_of(schema, inner, f"{around}{name}.")
    return found


def test_the_published_schema_is_the_one_in_force() -> None:
    """An editor that checks against the file checks what Loa checks.

    Write it anew with `loa campaigns schema --json` when this fails.
    """
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema()


def test_every_field_has_a_remedy_and_no_remedy_is_left_over() -> None:
    """Whatever a clerk gets wrong, there is a line to copy."""
    assert fields_of(json_schema(), json_schema()) == set(REMEDIES)


def test_every_field_is_in_the_manual() -> None:
    """The reference of the format is complete."""
    manual = MANUAL.read_text(encoding="utf-8")
    assert [name for name in REMEDIES if f"`{name}`" not in manual] == []


def test_unknown_fields_and_missing_ones_are_faults_in_the_schema_too() -> None:
    """The editor underlines a slip before Loa is asked."""
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert {
        "campaign",
        "title",
        "issuer",
        "document",
        "class",
        "audience",
        "sender",
        "texts",
    } == set(schema["required"])
