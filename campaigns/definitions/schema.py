"""The JSON Schema of campaign files, for editors that check while an author types."""

from typing import Any

from campaigns.definitions.document import CampaignDocument


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a campaign file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **CampaignDocument.model_json_schema(by_alias=True, mode="validation"),
        "title": "Loa campaign file",
    }
