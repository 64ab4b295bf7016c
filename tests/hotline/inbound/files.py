"""The file of words as plain data, for tests that spoil it."""

from typing import Any

from hotline.inbound.words import inbound_words


def written_words() -> dict[str, Any]:
    return inbound_words().model_dump(mode="json")
