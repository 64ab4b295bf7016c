"""Voice gateway: the one door to where a carrier keeps voice messages."""

from typing import Protocol


class VoiceGateway(Protocol):
    """Where a carrier keeps voice messages."""

    def fetch_voice(self, sid: str) -> bytes | None:
        """Return the sound called *sid*; None when it cannot be had now."""
        ...

    def delete_voice(self, sid: str) -> bool:
        """Delete the carrier's copy; return whether it is surely gone."""
        ...
