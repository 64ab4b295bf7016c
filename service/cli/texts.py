"""Commands about texts: how many segments they take, and what makes them long."""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import click
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from campaigns.errors import TextError
from campaigns.texts.diacritics import Confusion, confusions, unaccent
from campaigns.texts.encodings import EncodingChoice, choose
from campaigns.texts.segments import Measure, measure
from service.cli.output import Answer, answering

_HALF_PAIR = re.compile("[\ud800-\udfff]")


@click.group()
def texts() -> None:
    """How long a text is, and what makes it long."""


@texts.command("measure")
@click.option("--text", help="The text to measure, between quotation marks.")
@click.option("--lines", is_flag=True, help="Measure every line of standard input instead.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON document; with --lines, read a JSON string and print an object a line.",
)
def measure_command(text: str | None, lines: bool, as_json: bool) -> None:  # noqa: FBT001 - click
    """Show a text's encoding and segments, with accents and without, side by side.

    Letters that force the dearer encoding are listed, and words that look alike without accents.
    """
    if (text is None) == (not lines):
        raise click.UsageError("Give either --text with a text, or --lines to read many.")
    if lines:
        _measure_lines(as_json=as_json)
    else:
        _measure_one(as_json=as_json, text=text)


@answering
def _measure_one(text: str) -> Answer:
    if _is_torn(text):
        raise TextError("The text is not readable as UTF-8. Nothing was measured; type it again.")
    plain = unaccent(text)
    alike = confusions(text)
    cheapest = choose(text, EncodingChoice.CHEAPEST)
    document = {
        **_outline(measure(text)),
        "unaccented": {"text": plain, **_outline(measure(plain))},
        "cheapest": "accented" if cheapest.is_accented else "unaccented",
        "confusions": [
            {
                "word": confusion.word,
                "plain": confusion.plain,
                "others": confusion.others,
                "settled": confusion.is_settled,
            }
            for confusion in alike
        ],
    }
    return Answer(document, list(_show(text, plain, alike)))


def _show(text: str, plain: str, alike: list[Confusion]) -> Iterator[RenderableType]:
    accented, unaccented = measure(text), measure(plain)
    table = Table("", "encoding", "segments", "units", "room left")
    for name, counted in (("with accents", accented), ("without accents", unaccented)):
        numbers = (counted.segments, counted.units, counted.remaining)
        table.add_row(name, counted.encoding, *map(str, numbers))
    yield table
    if accented.forcing:
        yield Text(f"Not in GSM-7: {' '.join(map(_visible, accented.forcing))}")
    if plain != text:
        yield Text(f"Without accents: {plain}")
    if doubtful := [str(confusion) for confusion in alike if not confusion.is_settled]:
        yield Text(f"Look alike without accents: {', '.join(doubtful)}")


def _measure_lines(*, as_json: bool) -> None:
    """Measure standard input line by line, answering each before the next is read."""
    failed = False
    for number, raw in enumerate(sys.stdin.buffer, start=1):
        try:
            text = _read_line(raw, as_json=as_json)
        except ValueError as wrong:
            failed = True
            _say({"error": f"Line {number} {wrong}", "line": number}, as_json=as_json)
            continue
        plain = unaccent(text)
        with_accents, without = _outline(measure(text)), _outline(measure(plain))
        _say(with_accents | {"unaccented": without}, as_json=as_json)
    if failed:
        sys.exit(1)


def _read_line(raw: bytes, *, as_json: bool) -> str:
    """Return the text that one line holds; raise ValueError saying why it holds none."""
    try:
        line = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("is not in UTF-8.") from None
    if not as_json:
        return line
    try:
        text = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError('is not JSON; write one string a line, such as "Xin chào".') from None
    if not isinstance(text, str):
        raise ValueError(  # noqa: TRY004 - the line is wrong, not the program
            'is not a JSON string; write it as "Xin chào".'
        )
    if _is_torn(text):
        raise ValueError("holds half of a surrogate pair, which no phone can show.")
    return text


def _say(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        line = json.dumps(answer, ensure_ascii=False)
    elif "error" in answer:
        line = f"-\t-\t-\t{answer['error']}"
    else:
        plain = answer["unaccented"]
        line = f"{answer['encoding']}\t{answer['segments']}\t{plain['segments']}"
    # In UTF-8 whatever the terminal, and at once: a program may wait for it before it asks again.
    click.echo(line.encode())


def _outline(counted: Measure) -> dict[str, Any]:
    return {
        "encoding": counted.encoding,
        "segments": counted.segments,
        "units": counted.units,
        "remaining": counted.remaining,
        "forcing": counted.forcing,
    }


def _visible(letter: str) -> str:
    return letter if letter.isprintable() and not letter.isspace() else f"U+{ord(letter):04X}"


def _is_torn(text: str) -> bool:
    return _HALF_PAIR.search(text) is not None
