"""The library: everything the hotline may say at one revision, in memory and unchangeable."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import resources

from sqlalchemy.orm import Session

from campaigns.figures import Delivered, choose_figures, latest_figures
from hotline.answers.bank import AnswerBank, Approved
from hotline.answers.versions import approved_versions
from hotline.declarations.document import DeclarationDocument
from hotline.desks import Desks
from hotline.documents import read_document
from hotline.editions import find_edition, library_revision
from hotline.phrases import PHRASES, KeptPhrases, Phrases, names_slots
from hotline.recordings import newest_recordings
from hotline.scripts.document import Choice, MenuNode, Script

SHIPPED = resources.files("hotline") / "data" / "lang-son"


@dataclass(frozen=True, slots=True)
class Library:
    """Script, phrases, answers, desks and recordings as they stand at one revision."""

    revision: int
    script: Script
    phrases: Phrases
    answers: AnswerBank
    desks: Desks
    declaration: DeclarationDocument
    recordings: Mapping[tuple[str, str], tuple[str, str]]
    figures: tuple[Delivered, ...] = ()

    def is_offered(self, choice: Choice, *, at: datetime) -> bool:
        """Whether *choice* leads to anything true of its own at the moment *at*.

        An answer that has ended is not offered even where another succeeds it: that one has a
        place of its own.
        """
        return self._leads_somewhere(choice, at=at, seen=frozenset())

    def find_answer(self, code: str, *, at: datetime) -> Approved | None:
        """Return what is true under *code* at the moment *at*, or None.

        An answer that quotes the day's figures is none while they are missing.
        """
        found = self.answers.find(code, at=at)
        if found is None or not found.document.slots:
            return found
        figures = choose_figures(self.figures, at=at)
        document = found.document.quoting(figures) if figures else None
        return replace(found, document=document) if document else None

    def find_successor(self, choice: Choice, *, at: datetime) -> Choice | None:
        """Return the first answer below a *choice* that leads to a menu, if any still is true."""
        below, seen = [choice], set[str]()
        while below:
            one = below.pop(0)
            if one.answer and self.find_answer(one.answer, at=at):
                return one
            menu = self.script.nodes.get(one.to or "")
            if isinstance(menu, MenuNode) and one.to and one.to not in seen:
                seen.add(one.to)
                below = [*menu.choices.values(), *below]
        return None

    def _leads_somewhere(self, choice: Choice, *, at: datetime, seen: frozenset[str]) -> bool:
        if choice.answer is not None:
            found = self.find_answer(choice.answer, at=at)
            return found is not None and found.code == choice.answer
        if choice.to is None or choice.to in seen:
            return False
        node = self.script.nodes[choice.to]
        if node.kind == "declaration":
            return self.declaration.enabled
        if not isinstance(node, MenuNode):
            return True
        return any(
            self._leads_somewhere(one, at=at, seen=seen | {choice.to})
            for one in node.choices.values()
        )


def load_library(session: Session) -> Library | None:
    """Read the running edition and every approved answer; None when nothing was ever loaded."""
    # Read first: what is changed meanwhile then carries a higher number, and is read again.
    revision = library_revision(session)
    edition = find_edition(session)
    if edition is None:
        return None
    files: dict[str, str] = json.loads(edition.files)
    return Library(
        revision=revision,
        script=read_document(files["script.yaml"], Script),
        phrases=_read_phrases(files["phrases.yaml"]),
        answers=AnswerBank.of(approved_versions(session)),
        desks=read_document(files["desks.yaml"], Desks),
        declaration=read_document(files["declaration.yaml"], DeclarationDocument),
        recordings=newest_recordings(session),
        figures=tuple(latest_figures(session)),
    )


def _read_phrases(source: str) -> Phrases:
    """Read phrases that an older version kept; what it had no use for comes from the shipped file.

    A new version may say something new, and must not be silent until somebody loads new files.
    """
    kept = read_document(source, KeptPhrases).phrases.items()
    usable = {name: one for name, one in kept if name in PHRASES and names_slots(name, one)}
    return Phrases(phrases=_shipped_phrases().phrases | usable)


@cache
def _shipped_phrases() -> Phrases:
    return read_document((SHIPPED / "phrases.yaml").read_text(encoding="utf-8"), Phrases)
