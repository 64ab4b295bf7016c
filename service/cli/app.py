"""The command line's front door: the groups of commands, each loaded when it is asked for."""

import json
import os
from typing import Any

import click

from service.modules import load_module

# Where each command lives. A module is imported only when its command runs, so that `loa --help`
# answers at once on a slow laptop.
COMMANDS = {
    "areas": ("service.cli.areas", "areas", "Areas and their epidemic levels."),
    "broadcasts": ("service.cli.broadcasts", "broadcasts", "What is being sent, and its ledger."),
    "campaigns": ("service.cli.campaigns", "campaigns", "From a campaign file to a broadcast."),
    "carrier": ("service.cli.processes", "carrier", "A carrier on this machine, for trying out."),
    "clock": ("service.cli.background", "clock", "The timetable: puts due jobs on the queues."),
    "db": ("service.cli.db", "db", "The database: schema, checks, backups, audit trail."),
    "demo": ("service.cli.demo", "demo", "A sample province and campaign, to its ledger."),
    "drill": ("service.cli.drill", "drill_command", "What killed parts of a broadcast cost."),
    "figures": ("service.cli.figures", "figures", "The day's figures, which texts may quote."),
    "hotline": ("service.cli.hotline", "hotline", "What the hotline says, and to whom."),
    "keys": ("service.cli.keys", "keys", "Keys with which programs act for somebody."),
    "partners": ("service.cli.partners", "partners", "Telecom companies that carry the texts."),
    "reports": ("service.cli.reports", "reports", "What became of texts."),
    "subscribers": ("service.cli.subscribers", "subscribers", "People who receive texts."),
    "texts": ("service.cli.texts", "texts", "How long a text is, and what makes it long."),
    "up": ("service.cli.up", "up", "Everything on this one machine."),
    "users": ("service.cli.users", "users", "People who write, sign and send."),
    "web": ("service.cli.processes", "web", "The web process."),
    "worker": ("service.cli.background", "worker", "Worker processes."),
}

_ANSWERS_PROGRAMS = "loa.answers_programs"


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command = getattr(load_module(module), name)
        assert isinstance(command, click.Command)  # noqa: S101 - a slip in the table above
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_ANSWERS_PROGRAMS] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as wrong:
            if ctx.meta[_ANSWERS_PROGRAMS]:
                document = {"error": type(wrong).__name__, "message": wrong.format_message()}
                click.echo(json.dumps(document, ensure_ascii=False))
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in self.list_commands(ctx)])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="loa")
def main() -> None:
    """Loa: texts and a hotline for a province's public-health communication.

    Every command takes --json for programs. Exit code 0: done; 1: refused, with the reason;
    2: wrong usage.
    """
    # Whatever is written, data, logs, lists or backups, is its owner's alone.
    os.umask(0o077)
