"""Every command can be found by somebody who reads the manual."""

from collections.abc import Iterator

import click

from service.cli.app import main
from tests.guards.sources import ROOT


def commands(group: click.Group, words: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below *group* with the words that call it."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


def test_every_command_is_in_the_readme_or_the_manual() -> None:
    pages = [ROOT / "README.md", ROOT / "docs" / "manual.md"]
    written = "\n".join(page.read_text(encoding="utf-8") for page in pages)

    assert [words for words, _ in commands(main, "loa") if words not in written] == []


def test_every_command_answers_programs_too() -> None:
    deaf = [
        words
        for words, command in commands(main, "loa")
        if not any("--json" in parameter.opts for parameter in command.params)
    ]
    assert deaf == []


def test_every_command_and_option_says_what_it_is_for() -> None:
    silent = [words for words, command in commands(main, "loa") if not command.help]
    silent += [
        f"{words} {parameter.opts[0]}"
        for words, command in commands(main, "loa")
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert silent == []
