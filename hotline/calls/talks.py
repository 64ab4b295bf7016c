"""A talk: one turn in the making, with everything a node may say, ask and remember."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.calls.visits import PERSON, Visit
from hotline.documents import Wording
from hotline.library import Library
from hotline.recordings import Utterance
from hotline.scripts.document import MenuNode
from hotline.steps import AwaitKeys, Ending, HangUp, Reply, Spoken
from hotline.voices import speak

HEARS = {"vi": "vi", "zh": "zh", "en": "en"}


@dataclass(slots=True)
class Talk:
    """The turn of one call; nodes change *visit* and say things, the engine keeps the result.

    ``remembers`` is what the caller's next call shall begin with; ``owes_text`` tells whoever
    commits the turn that a text waits to be sent.
    """

    session: Session
    library: Library
    visit: Visit
    call_id: int
    fingerprint: bytes | None
    sealed: bytes | None
    sealer: Sealer
    now: datetime
    answer: str = ""
    spoken: list[Spoken] = field(default_factory=list)
    ending: Ending | None = None
    goes_to: str | None = None
    keeps_notes: bool = False
    remembers: dict[str, str] = field(default_factory=dict)
    owes_text: bool = False

    @property
    def language(self) -> str:
        return self.visit.language

    def say(self, phrase: str, **slots: str) -> None:
        """Say one of the phrases, with its slots filled."""
        wording = self.library.phrases.phrases[phrase]
        if slots:
            self.tell(wording, **slots)
        else:
            self.utter(f"phrase.{phrase}", wording)

    def utter(self, name: str, wording: Wording | Mapping[str, str]) -> None:
        """Say something fixed, by a recording where there is one that is still true."""
        texts = wording.model_dump() if isinstance(wording, Wording) else dict(wording)
        self._add(speak(self.library, Utterance(name, texts), self.language))

    def utter_in(self, language: str, name: str, texts: Mapping[str, str]) -> None:
        """Say something fixed in another language than the call's, as a choice of languages is.

        Without a recording it is said in the Vietnamese the caller knows it by, unexcused.
        """
        self.spoken.append(speak(self.library, Utterance(name, texts), language)[-1])

    def tell(self, wording: Wording, **slots: str) -> None:
        """Say something that is put together anew each time, which nobody can have recorded."""
        self.tell_each(wording, lambda _: slots)

    def tell_each(self, wording: Wording, slots: Callable[[str], Mapping[str, str]]) -> None:
        """Say something put together anew whose *slots* differ by language."""
        texts = {
            language: text.format(**slots(language))
            for language, text in wording.model_dump().items()
        }
        self._add(speak(self.library, Utterance("", texts), self.language))

    def ask_key(self, *, hints: tuple[str, ...] = ()) -> None:
        """End the turn by waiting for one key, or a word where a machine understands it."""
        hears = HEARS.get(self.language, "") if hints else ""
        self.ending = AwaitKeys(most=1, hears=hears, hints=hints)

    def ask_keys(self, most: int, *, hints: tuple[str, ...] = ()) -> None:
        """End the turn by waiting for up to *most* keys, ended by ``#`` or a pause."""
        hears = HEARS.get(self.language, "") if hints else ""
        self.ending = AwaitKeys(most=most, hears=hears, hints=hints, timeout_s=8)

    def hang_up(self) -> None:
        self.say("goodbye")
        self.ending = HangUp()

    def go(self, node: str) -> None:
        """Go on at *node* in this same turn; ``#`` will lead back to where the call is now."""
        if self.visit.node != node:
            self.visit.path.append(self.visit.node)
        self.goes_to = node

    def back(self) -> None:
        """Go back to where the caller came from, at the top to the home menu."""
        path = self.visit.path
        self.goes_to = path.pop() if path else self.library.script.home

    def resume(self, before: Visit) -> None:
        """Be again where another call of the same caller broke off."""
        self.visit = before
        self.goes_to = before.node
        self.keeps_notes = True

    def call_person(self, topic: str = "") -> None:
        """Go to a person of the desk for *topic*, by default the menu's or the topic's own."""
        node = self.library.script.nodes.get(self.visit.node)
        desk = node.desk if isinstance(node, MenuNode) else None
        self.go(f"{PERSON}{topic or desk or self.visit.topic}")

    def reply(self) -> Reply:
        return Reply(tuple(self.spoken), self.ending or HangUp())

    def _add(self, spoken: list[Spoken]) -> None:
        # The apology for a missing recording is said once a turn, however much is missing.
        first, *rest = spoken
        self.spoken += rest if rest and first in self.spoken else spoken
