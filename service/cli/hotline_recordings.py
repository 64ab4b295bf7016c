"""Commands about recordings: what people still have to speak, and taking over what they spoke."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text
from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError

from campaigns.people import get_person
from campaigns.subscribers.languages import NAMES
from hotline.documents import SPOKEN_BY_MACHINE
from hotline.errors import RecordingRefusedError
from hotline.library import Library, load_library
from hotline.loading import HotlineSet, library_of
from hotline.recordings import newest_recordings
from hotline.utterances import keep_recording, missing_recordings
from service.cli.output import Answer, answering
from service.database import reading
from service.errors import ServiceError
from service.resources import open_resources
from service.settings import look_at_settings
from service.sounds import DIRECTORY, read_sound
from service.stored_files import store

A_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_RECORDED = tuple(language for language in NAMES if language not in SPOKEN_BY_MACHINE)


@click.command("record")
@click.argument("file", type=A_FILE)
@click.option("--utterance", required=True, help="What it says; see `loa hotline recordings`.")
@click.option(
    "--language", required=True, type=click.Choice(tuple(NAMES)), help="The language spoken in it."
)
@click.option("--user", required=True, help="Who takes it over; see `loa users list`.")
@answering
def record(file: Path, utterance: str, language: str, user: str) -> Answer:
    """Take over FILE (WAV, MP3 or OGG) as the recording of one utterance in one language.

    It is played from the next turn of any call on, until the text it was recorded from changes.
    """
    sound = read_sound(file)
    with open_resources() as resources:
        store(resources.settings.data_dir, f"{DIRECTORY}/{sound.digest}.wav", sound.wav)
        with resources.sessions.begin() as session:
            person = get_person(session, user)
            library = load_library(session)
            if library is None:
                raise RecordingRefusedError(
                    "The hotline has no script yet. Run `loa hotline load` first."
                )
            keep_recording(
                session,
                library,
                utterance,
                language,
                digest=sound.digest,
                seconds=sound.seconds,
                added_by=person.login,
                now=resources.now(),
            )
    said = f"{utterance} is spoken in {NAMES[language]} for {sound.seconds:.1f} s from now on."
    document = {"utterance": utterance, "language": language, "seconds": sound.seconds}
    return Answer(document | {"digest": sound.digest}, [Text(said)])


@click.command("recordings")
@click.option(
    "--language",
    type=click.Choice(tuple(NAMES)),
    multiple=True,
    help="Default: those no machine speaks.",
)
@answering
def recordings(language: tuple[str, ...]) -> Answer:
    """List what nobody has recorded yet, with the Vietnamese text to speak from.

    Until then callers in these languages hear an apology and Vietnamese.
    """
    with open_resources() as resources, reading(resources.sessions) as session:
        library = load_library(session)
        if library is not None:
            library = replace(library, recordings=newest_recordings(session, by_people=True))
        now = resources.now()
    missing = {one: _missing(library, one, now) for one in language or _RECORDED}
    table = Table("Language", "Utterance", "Vietnamese text")
    for one, texts in missing.items():
        for name, text in texts.items():
            table.add_row(NAMES[one], name, text)
    return Answer({"missing": missing}, [table])


def _missing(library: Library | None, language: str, now: datetime) -> dict[str, str]:
    if library is None:
        return {}
    return {one.name: one.texts["vi"] for one in missing_recordings(library, language, at=now)}


def unrecorded(found: HotlineSet) -> dict[str, list[str]]:
    """Return, by language, what of a set nobody has recorded on this installation."""
    now = datetime.now(UTC)
    library = library_of(found, recordings=_recorded_here(), at=now)
    return {
        language: [one.name for one in missing_recordings(library, language, at=now)]
        for language in _RECORDED
    }


def _recorded_here() -> Mapping[tuple[str, str], tuple[str, str]]:
    """Return what people have recorded; nothing where there is no database, or none that answers.

    Looking must not make one.
    """
    settings = look_at_settings()
    if settings.is_one_machine and not Path(make_url(settings.database).database or "").exists():
        return {}
    try:
        with open_resources(settings) as resources, reading(resources.sessions) as session:
            return newest_recordings(session, by_people=True)
    except (DatabaseError, ServiceError):
        return {}
