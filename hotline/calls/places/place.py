"""What every place of a call must be able to do."""

from typing import Protocol

from hotline.calls.heard import Heard
from hotline.calls.talks import Talk


class Place(Protocol):
    """A place says and asks something when entered, and understands what is then heard.

    It remembers between turns only what it writes into ``talk.visit.notes``; entered again, it
    goes on from there.
    """

    def enter(self, talk: Talk) -> None:
        """Say what there is to say and end the turn by waiting for something, or go elsewhere."""
        ...

    def hear(self, talk: Talk, heard: Heard) -> bool:
        """Act on *heard*; return False when it means nothing here."""
        ...
