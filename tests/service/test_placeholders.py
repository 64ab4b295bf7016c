"""Placeholders: heard in a demonstration, never mistaken for what people recorded."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from hotline.library import load_library
from hotline.loading import load_set, read_set, shipped_files
from hotline.recordings import PLACEHOLDER, Recording, newest_recordings
from service.database import open_engine
from service.placeholders import add_placeholders
from service.resources import Resources
from service.settings import Settings
from tests.builders import NOON
from tests.service.test_sounds import a_tone


@pytest.fixture
def resources(
    sessions: sessionmaker[Session], sealer: Sealer, data_dir: Path
) -> Iterator[Resources]:
    with sessions.begin() as session:
        load_set(session, read_set(shipped_files()), author="tacgia", now=NOON)
    engine = open_engine(f"sqlite:///{data_dir}/unused.db")
    yield Resources(Settings.model_validate({"data_dir": data_dir}), engine, sessions, sealer)
    engine.dispose()


def a_program(directory: Path, script: str) -> str:
    """Write a program that speaks as espeak-ng is asked to; return where it is."""
    path = directory / "speak"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return os.fspath(path)


def test_prompts_are_spoken_kept_and_marked(resources: Resources, tmp_path: Path) -> None:
    """Both languages can be heard, and both still count as not recorded by anybody."""
    tone = a_tone(tmp_path / "tone.wav", rate=8000)
    # The words come last, after the file: -v vi -p PITCH -w FILE WORDS.
    program = a_program(tmp_path, f'case "$7" in "Bản thử."*) cp "{tone}" "$6";; *) exit 3;; esac')
    said = add_placeholders(resources, program=program)
    assert "are placeholders" in said
    with resources.sessions() as session:
        rows = session.scalars(select(Recording)).all()
        library = load_library(session)
        by_people = newest_recordings(session, by_people=True)
    assert library is not None
    assert {row.added_by for row in rows} == {PLACEHOLDER}
    assert {row.language for row in rows} == {"tyz", "ium"}
    assert ("node.main.5", "tyz") in library.recordings
    assert by_people == {}
    (kept,) = (resources.settings.data_dir / "recordings").iterdir()
    assert kept.stem == rows[0].digest


@pytest.mark.parametrize("script", ["exit 1", "true", 'echo broken > "$6"'])
def test_a_program_that_fails_costs_the_prompts_and_not_the_demonstration(
    resources: Resources, tmp_path: Path, script: str
) -> None:
    said = add_placeholders(resources, program=a_program(tmp_path, script))
    assert "failed at" in said
    with resources.sessions() as session:
        assert newest_recordings(session) == {}


def test_a_machine_without_the_program_says_so_in_one_line(resources: Resources) -> None:
    said = add_placeholders(resources, program="speaks-no-more")
    assert "not on this machine" in said
    assert "\n" not in said
