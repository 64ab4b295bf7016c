"""Loading: a set of files read, held against every rule, and kept only when it breaks none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from campaigns.complaints import Complaint
from campaigns.errors import CampaignError, DefinitionError
from hotline.answers.bank import AnswerBank, Approved
from hotline.answers.document import AnswerDocument, TopicDocument
from hotline.answers.versions import keep_topic
from hotline.declarations.document import DeclarationDocument
from hotline.desks import Desks
from hotline.documents import Document, line_of, read_document
from hotline.editions import keep_edition
from hotline.errors import EditionError
from hotline.library import SHIPPED, Library
from hotline.measures import MeasuresDocument, compose_answers
from hotline.phrases import Phrases
from hotline.scripts.checks import Fault, check_script
from hotline.scripts.document import Script

TOPICS = "answers/"
FILES: Mapping[str, type[Document]] = {
    "script.yaml": Script,
    "phrases.yaml": Phrases,
    "desks.yaml": Desks,
    "measures.yaml": MeasuresDocument,
    "declaration.yaml": DeclarationDocument,
}

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class HotlineSet:
    """One complete set of files that breaks no rule."""

    files: Mapping[str, str]
    script: Script
    phrases: Phrases
    desks: Desks
    declaration: DeclarationDocument
    topics: tuple[TopicDocument, ...]

    @property
    def answers(self) -> dict[str, AnswerDocument]:
        return {code: answer for topic in self.topics for code, answer in topic.answers.items()}


def library_of(
    found: HotlineSet, *, recordings: Mapping[tuple[str, str], tuple[str, str]], at: datetime
) -> Library:
    """Return the library that a set becomes once all of it is loaded and approved."""
    versions = {
        code: (Approved(code, 1, topic.topic, topic.owner, at, answer),)
        for topic in found.topics
        for code, answer in topic.answers.items()
    }
    return Library(
        revision=0,
        script=found.script,
        phrases=found.phrases,
        answers=AnswerBank(versions),
        desks=found.desks,
        declaration=found.declaration,
        recordings=recordings,
    )


@dataclass(frozen=True, slots=True)
class Loaded:
    """Which edition runs now, and how many answers say something else than before."""

    edition: int
    answers: int


def shipped_files() -> dict[str, str]:
    """Return the province's own files by name, as they come with Loa."""
    files = {name: (SHIPPED / name).read_text(encoding="utf-8") for name in FILES}
    for topic in (SHIPPED / "answers").iterdir():
        if topic.name.endswith(".yaml"):
            files[TOPICS + topic.name] = topic.read_text(encoding="utf-8")
    return files


def read_set(files: Mapping[str, str]) -> HotlineSet:
    """Return the set that *files* (sources by name) make up.

    Raises EditionError with every fault of every file.
    """
    faults = list(_misplaced(files))
    documents = {
        name: _read(files[name], model, name, faults)
        for name, model in FILES.items()
        if name in files
    }
    topics = [
        _read(source, TopicDocument, name, faults)
        for name, source in sorted(files.items())
        if name.startswith(TOPICS)
    ]
    measures = _compose(documents.get("measures.yaml"), files, faults)
    if faults:
        raise EditionError(faults)
    found = HotlineSet(
        files=dict(files),
        script=_as(documents["script.yaml"], Script),
        phrases=_as(documents["phrases.yaml"], Phrases),
        desks=_as(documents["desks.yaml"], Desks),
        declaration=_as(documents["declaration.yaml"], DeclarationDocument),
        topics=tuple(topic for topic in (*topics, measures) if topic is not None),
    )
    faults += _twice(found)
    faults += check_script(
        found.script,
        phrases=found.phrases,
        desks=found.desks,
        declaration=found.declaration,
        answers=found.answers,
        files=files,
    )
    if faults:
        raise EditionError(sorted(faults, key=lambda fault: (fault[0], fault[1].line)))
    return found


def load_set(session: Session, found: HotlineSet, *, author: str, now: datetime) -> Loaded:
    """Make *found* the running edition and keep its new answers, which then wait for approval."""
    changed = sum(keep_topic(session, topic, author=author, now=now) for topic in found.topics)
    edition = keep_edition(session, found.files, author=author, now=now)
    return Loaded(edition.id, changed)


def _misplaced(files: Mapping[str, str]) -> Iterator[Fault]:
    for name in sorted(FILES.keys() - files.keys()):
        yield name, Complaint(0, "file", "is missing", "Copy it from the files shipped with Loa")
    if not any(name.startswith(TOPICS) for name in files):
        yield TOPICS, Complaint(0, "file", "holds no answers", "Add answers/<topic>.yaml")
    for name in sorted(files.keys() - FILES.keys()):
        if not (name.startswith(TOPICS) and name.endswith(".yaml")):
            known = ", ".join([*FILES, "answers/<topic>.yaml"])
            yield name, Complaint(0, "file", "belongs to no set", f"Take it out; known are {known}")


def _read(source: str, model: type[D], name: str, faults: list[Fault]) -> D | None:
    try:
        return read_document(source, model)
    except DefinitionError as wrong:
        faults += [(name, complaint) for complaint in wrong.complaints]
        return None


def _compose(
    measures: Document | None, files: Mapping[str, str], faults: list[Fault]
) -> TopicDocument | None:
    if not isinstance(measures, MeasuresDocument):
        return None
    try:
        return compose_answers(measures)
    except (CampaignError, ValueError) as wrong:
        line = line_of(files["measures.yaml"], "activities")
        complaint = Complaint(line, "activities", str(wrong), "Write the scheme's own levels")
    faults.append(("measures.yaml", complaint))
    return None


def _as(document: Document | None, model: type[D]) -> D:
    if not isinstance(document, model):
        raise TypeError(f"no {model.__name__} was read")
    return document


def _twice(found: HotlineSet) -> Iterator[Fault]:
    """Yield the answers that two files give."""
    names = [*sorted(name for name in found.files if name.startswith(TOPICS)), "measures.yaml"]
    known: dict[str, str] = {}
    for name, topic in zip(names, found.topics, strict=True):
        for code in topic.answers:
            if code in known:
                line = line_of(found.files[name], "answers", code)
                problem = f"stands in {known[code]} too"
                yield name, Complaint(line, code, problem, "Keep one of them")
            known.setdefault(code, name)
