"""How every command answers: one JSON document or something to read, and one sentence if not."""

import functools
import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, ParamSpec

import click
from redis.exceptions import RedisError
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import DatabaseError, OperationalError

from campaigns.errors import CampaignError
from hotline.errors import HotlineError
from service.errors import ServiceError

P = ParamSpec("P")

ANSWERS = Console(highlight=False, soft_wrap=True)
_WIDEST = 240
NOTES = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found out: ``document`` for programs, ``shown`` for people.

    ``refused`` makes the exit code 1 although there is an answer, as a failed check does.
    """

    document: Any
    shown: list[RenderableType] = field(default_factory=list)
    refused: bool = False


def answering(command: Callable[P, Answer]) -> Callable[..., None]:
    """Give *command* the option ``--json``, print its answer, and turn refusals into exit 1."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document for programs.")
    @functools.wraps(command)
    def run(as_json: bool, *args: P.args, **kwargs: P.kwargs) -> None:  # noqa: FBT001 - click's call
        try:
            answer = command(*args, **kwargs)
        except click.ClickException:
            raise
        except Exception as failure:  # noqa: BLE001 - refuse() raises what nobody foresaw
            refuse(failure, as_json=as_json)
        if as_json:
            click.echo(json.dumps(answer.document, ensure_ascii=False, default=str))
        else:
            for part in answer.shown:
                _show(part)
        if answer.refused:
            sys.exit(1)

    return run


def _show(part: RenderableType) -> None:
    """Print *part* so that nothing of it is cut, as wide as it needs where nobody sets a width."""
    for column in part.columns if isinstance(part, Table) else ():
        column.overflow = "fold"
    console = ANSWERS if ANSWERS.is_terminal else Console(highlight=False, width=_WIDEST)
    # A sentence goes on beyond the edge, to be copied whole; what is drawn is drawn within it.
    console.print(part, soft_wrap=isinstance(part, str | Text))


def refuse(failure: Exception, *, as_json: bool) -> NoReturn:
    """Say in one sentence why nothing was done and exit 1; re-raise what nobody foresaw."""
    message = sentence_for(failure)
    if message is None:
        raise failure
    if as_json:
        document = {"error": type(failure).__name__, "message": message}
        click.echo(json.dumps(document, ensure_ascii=False))
    NOTES.print(message, style="bold red", markup=False)
    sys.exit(1)


def sentence_for(failure: Exception) -> str | None:
    """Return what to tell a person about *failure*, or None if it is a fault of Loa's own."""
    match failure:
        case CampaignError() | HotlineError() | ServiceError():
            return str(failure)
        case DatabaseError():
            return _about_database(failure)
        case RedisError():
            return (
                "The queue server does not answer. What was saved stays saved. "
                "Check LOA_REDIS_URL, or start `loa up` on this machine, and try again."
            )
        case OSError():
            return (
                f"The machine refuses: {failure.strerror or failure}"
                f"{f' ({failure.filename})' if failure.filename else ''}. "
                "Nothing half-done was kept; mend that and try again."
            )
        case _:
            return None


def _about_database(failure: DatabaseError) -> str | None:
    cause = str(failure.orig)
    if "no such table" in cause or "UndefinedTable" in type(failure.orig).__name__:
        return "The database has no tables of this version yet. Run `loa db upgrade` first."
    if "disk is full" in cause or "DiskFull" in type(failure.orig).__name__:
        return "The disk is full. The data is as it was; make room and run the same command again."
    if "disk I/O error" in cause:
        return (
            "The disk does not take what is to be written: it is full, or it fails. The data is "
            "as it was; make room, run the same command again, and look at `loa db check`."
        )
    if "readonly database" in cause:
        return (
            "The database may not be written by you here. The data is as it was. Run this as the "
            "user whom the data directory belongs to, or set LOA_DATA_DIR to one of your own."
        )
    # A failure without a statement is one of connecting: the address, not the program, is wrong.
    is_environment = isinstance(failure, OperationalError) or failure.statement is None
    if isinstance(failure.orig, sqlite3.DatabaseError) or is_environment:
        first_line = cause.strip().splitlines()[0] if cause.strip() else "no reason given"
        return (
            f"The database does not answer as it should: {first_line}. The data is as it was. "
            "Check LOA_DATABASE_URL and that the server runs, then try again."
        )
    return None
