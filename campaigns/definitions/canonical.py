"""The canonical form of a campaign document: one string, one digest, for one content."""

import hashlib
import json

from campaigns.definitions.document import CampaignDocument


def canonical_json(document: CampaignDocument) -> str:
    """Return *document* as JSON that depends on its content only, not on how it was written."""
    content = document.model_dump(mode="json", by_alias=True, exclude_none=True)
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(document: CampaignDocument) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()
