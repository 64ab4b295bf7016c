"""Voice messages at a carrier that can be away or refuse to delete."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class FakeVoices:
    """``kept`` is what the carrier has; *refuses* makes it keep what it should delete.

    ``meanwhile`` happens while a message is on its way here.
    """

    kept: dict[str, bytes] = field(default_factory=dict)
    is_away: bool = False
    refuses: bool = False
    meanwhile: Callable[[], object] = lambda: None

    def fetch_voice(self, sid: str) -> bytes | None:
        self.meanwhile()
        return None if self.is_away else self.kept.get(sid)

    def delete_voice(self, sid: str) -> bool:
        if self.is_away or self.refuses:
            return False
        self.kept.pop(sid, None)
        return True
