"""Utterances: everything fixed that the hotline may say, which people can record."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from hotline.documents import Wording
from hotline.editions import mark_changed
from hotline.errors import RecordingRefusedError
from hotline.library import Library
from hotline.phrases import PHRASES
from hotline.recordings import Recording, Utterance
from hotline.scripts.document import Choice, LanguageNode, MenuNode


def list_utterances(library: Library, *, at: datetime) -> list[Utterance]:
    """Return every fixed utterance that can be heard at the moment *at*, by name.

    What is put together anew each time, such as a commune's level, is not among them.
    """
    return [
        *_phrases(library),
        *_nodes(library, at=at),
        *_answers(library, at=at),
        *_questions(library),
    ]


def choice_wording(library: Library, key: str, choice: Choice, *, at: datetime) -> Wording:
    """Return how one choice of a menu is offered, by its own label or its answer's title."""
    label = choice.label
    if label is None:
        found = library.find_answer(choice.answer or "", at=at)
        if found is None:
            raise LookupError("a choice is worded only while it is offered")
        label = found.document.title
    phrase = library.phrases.phrases["choice"].model_dump()
    return Wording(
        **{
            language: text.format(key=key, label=label.in_language(language))
            for language, text in phrase.items()
        }
    )


def _phrases(library: Library) -> Iterator[Utterance]:
    for name, wording in library.phrases.phrases.items():
        if not PHRASES[name] and not name.endswith("_sms"):
            yield Utterance(f"phrase.{name}", wording.model_dump())


def _questions(library: Library) -> Iterator[Utterance]:
    if library.declaration.enabled:
        for question in library.declaration.questions:
            yield Utterance(f"question.{question.id}", question.prompt.model_dump())


def _nodes(library: Library, *, at: datetime) -> Iterator[Utterance]:
    for name, node in library.script.nodes.items():
        if isinstance(node, LanguageNode):
            yield Utterance(f"node.{name}", {"vi": next(iter(node.prompt.values())), **node.prompt})
            for key, choice in node.choices.items():
                yield Utterance(f"node.{name}.{key}", dict(choice.label))
        elif isinstance(node, MenuNode):
            yield from _menu(library, name, node, at=at)


def _menu(library: Library, name: str, node: MenuNode, *, at: datetime) -> Iterator[Utterance]:
    if node.prompt is not None:
        yield Utterance(f"node.{name}", node.prompt.model_dump())
    for key, choice in node.choices.items():
        if library.is_offered(choice, at=at):
            wording = choice_wording(library, key, choice, at=at)
            yield Utterance(f"node.{name}.{key}", wording.model_dump())


def _answers(library: Library, *, at: datetime) -> Iterator[Utterance]:
    for code in library.answers.versions:
        found = library.answers.find(code, at=at)
        # What quotes the day's figures is another one every day.
        if found is not None and found.code == code and not found.document.slots:
            yield Utterance(f"answer:{code}", found.document.spoken.model_dump())


def keep_recording(
    session: Session,
    library: Library,
    name: str,
    language: str,
    *,
    digest: str,
    seconds: float,
    added_by: str,
    now: datetime,
) -> Recording:
    """Note that the sound *digest* says the utterance *name* in *language*, as it is worded today.

    Raises RecordingRefusedError for an utterance that the hotline does not say.
    """
    every = {utterance.name: utterance for utterance in list_utterances(library, at=now)}
    if name not in every:
        raise RecordingRefusedError(
            f"The hotline says nothing called {name}. Nothing was kept. "
            "See `loa hotline recordings` for the names."
        )
    recording = Recording(
        utterance=name,
        language=language,
        spoken_of=every[name].digest_in(language),
        digest=digest,
        seconds=seconds,
        added_by=added_by,
        added_at=now,
    )
    session.add(recording)
    session.flush()
    mark_changed(session)
    return recording


def missing_recordings(library: Library, language: str, *, at: datetime) -> list[Utterance]:
    """Return what nobody has recorded in *language* yet, or recorded from an older text."""
    return [
        utterance
        for utterance in list_utterances(library, at=at)
        if library.recordings.get((utterance.name, language), ("", ""))[0]
        != utterance.digest_in(language)
    ]
