"""What commands that keep running have in common: how they refuse, and how they say ready."""

import functools
import json
import sys
from collections.abc import Callable, Mapping
from typing import ParamSpec

import click

from service.cli.output import NOTES, refuse

P = ParamSpec("P")


def serving(command: Callable[P, None]) -> Callable[P, None]:
    """Turn refusals of a command that keeps running into one sentence and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except click.ClickException:
            raise
        except Exception as failure:  # noqa: BLE001 - refuse raises again what nobody foresaw
            refuse(failure, as_json=bool(kwargs.get("as_json")))

    return run


def say_ready(document: Mapping[str, object], sentence: str, *, as_json: bool) -> None:
    """Say that the process is ready: one line of JSON for programs, a note for people."""
    if as_json:
        click.echo(json.dumps(document))
        sys.stdout.flush()
    elif sentence:
        NOTES.print(sentence, markup=False)
