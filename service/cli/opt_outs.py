"""Commands about opt-outs: of one number, and of everybody on a clerk's list."""

from pathlib import Path

import click
from rich.console import RenderableType

from campaigns.phones import read_phone
from campaigns.sealing import mask
from campaigns.subscribers.consent import opt_out
from campaigns.subscribers.topics import EVERYTHING, Topic
from service.cli.output import Answer, answering
from service.opt_out_lists import opt_out_file
from service.resources import open_resources

_topic = click.option(
    "--topic",
    type=click.Choice([topic.value for topic in Topic]),
    default=None,
    help="Only texts about this; all when left out.",
)
_source = click.option("--source", required=True, help="How this was said: letter, visit ...")


@click.command("opt-out")
@click.argument("number")
@_source
@_topic
@answering
def opt_out_command(number: str, source: str, topic: str | None) -> Answer:
    """Send no more texts to NUMBER, whatever any list says later."""
    phone = read_phone(number)
    with open_resources() as resources, resources.sessions.begin() as session:
        opt_out(
            session,
            phone,
            source=source,
            sealer=resources.sealer,
            now=resources.now(),
            topic=topic or EVERYTHING,
        )
    document = {"number": mask(phone), "done": "opted_out", "topic": topic or EVERYTHING}
    return Answer(document, [f"{mask(phone)} receives no more texts{_about(topic)}."])


@click.command("opt-out-list")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_source
@_topic
@answering
def opt_out_list_command(file: Path, source: str, topic: str | None) -> Answer:
    """Send no more texts to anybody in FILE: a CSV, XLSX or NDJSON with a column of numbers.

    Numbers that are on no list yet are remembered, so that no later list lets them be texted.
    """
    with open_resources() as resources:
        listed = opt_out_file(
            resources.sessions,
            file,
            source=source,
            sealer=resources.sealer,
            now=resources.now(),
            topic=topic or EVERYTHING,
        )
    rows = sum(listed.refused.values())
    shown: list[RenderableType] = [
        f"{listed.opted_out:,} people receive no more texts{_about(topic)}.",
        f"{listed.known:,} had said so before.",
    ]
    if rows:
        why = ", ".join(f"{count:,} {reason}" for reason, count in sorted(listed.refused.items()))
        shown.append(f"{rows:,} rows hold no number that could be texted: {why}.")
    document = {
        "opted_out": listed.opted_out,
        "known": listed.known,
        "refused": dict(sorted(listed.refused.items())),
        "topic": topic or EVERYTHING,
    }
    return Answer(document, shown, refused=not (listed.opted_out or listed.known))


def _about(topic: str | None) -> str:
    return f" about {topic}" if topic else ""
