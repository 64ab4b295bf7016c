"""Commands about what communes fill into a campaign."""

from pathlib import Path

import click
from rich.table import Table

from campaigns.definitions.reading import read_campaign_file
from campaigns.people import editable_areas, get_person
from campaigns.plans.local_texts import LocalPlace, fill_local, list_local, open_slots
from campaigns.revisions import get_newest_revision, keep_revision
from campaigns.texts.slots import LOCAL_SLOTS
from service.cli.authors import caution_about, find_author
from service.cli.output import Answer, answering
from service.database import reading
from service.resources import open_resources


@click.command("keep")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", help="Who wrote it; LOA_USER or the account's name when left out.")
@click.option("--revise", is_flag=True, help="Make this the next revision of its campaign.")
@answering
def keep_command(file: Path, user: str | None, revise: bool) -> Answer:  # noqa: FBT001 - click
    """Keep the campaign in FILE, unplanned, so that communes can fill in what it leaves them."""
    document = read_campaign_file(file)
    with open_resources() as resources, resources.sessions.begin() as session:
        revision = keep_revision(
            session,
            document,
            author=find_author(session, user),
            revise=revise,
            now=resources.now(),
        )
        slots = open_slots(document)
        kept = {
            "campaign": document.campaign,
            "revision": revision.number,
            "author": revision.author,
            "local_slots": list(slots),
        }
        shown = [
            f"Revision {revision.number} of {document.campaign} is kept, by {revision.author}.",
            f"Left to communes: {', '.join(slots) or 'nothing'}.",
            *caution_about(session, revision.author),
        ]
        return Answer(kept, [*shown])


def _read_pairs(
    _ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    if not all(sign for _, sign, _ in pairs):
        raise click.BadParameter('write SLOT=WORDS, such as local_place="Trạm y tế xã"')
    return {slot.strip(): words for slot, _, words in pairs}


@click.command("fill")
@click.argument("slug")
@click.argument("area")
@click.option(
    "--slot",
    "values",
    multiple=True,
    required=True,
    callback=_read_pairs,
    help="A slot and its words, SLOT=WORDS; more than once for more.",
)
@click.option("--user", required=True, help="Who fills it in: a commune editor of this area.")
@answering
def fill_command(slug: str, area: str, values: dict[str, str], user: str) -> Answer:
    """Fill in what the campaign SLUG leaves to the commune AREA. Plans made before are void."""
    with open_resources() as resources, resources.sessions.begin() as session:
        texts = fill_local(
            session,
            slug,
            area_code=area,
            values=values,
            person=get_person(session, user),
            now=resources.now(),
        )
        said = {slot: text.value for slot, text in sorted(texts.items())}
    shown = [f"{slot}: {value}" for slot, value in said.items()]
    document = {"campaign": slug, "area": area, "values": said}
    return Answer(document, [f"In {area} the texts of {slug} say from the next plan on:", *shown])


@click.command("local")
@click.argument("slug")
@click.option("--user", help="Only what this commune editor writes for.")
@answering
def local_command(slug: str, user: str | None) -> Answer:
    """Show what communes have filled into the campaign SLUG, and what is missing."""
    with open_resources() as resources, reading(resources.sessions) as session:
        now = resources.now()
        own = editable_areas(session, get_person(session, user), now=now) if user else None
        revision = get_newest_revision(session, slug)
        slots = open_slots(revision.document)
        places = list_local(session, revision, only=own, now=now)
    table = Table("area", "name", *slots, "by", box=None)
    documents = []
    for place in places:
        said = {slot: text.value for slot, text in place.texts.items()}
        by = sorted({text.person.login for text in place.texts.values()})
        table.add_row(
            place.area.code,
            place.area.full_name,
            *(_shown(place, slot) for slot in slots),
            ", ".join(by) or "-",
        )
        documents.append(
            {
                "area": place.area.code,
                "name": place.area.full_name,
                "values": said,
                "filled_in": {slot: text.area_code for slot, text in place.texts.items()},
                "filled_by": by,
                "missing": list(place.missing),
            }
        )
    document = {"campaign": slug, "slots": list(slots), "communes": documents}
    meanings = [f"{slot}: {LOCAL_SLOTS[slot]}" for slot in slots]
    return Answer(document, [*meanings, table if slots else "It leaves nothing to communes."])


def _shown(place: LocalPlace, slot: str) -> str:
    """Write what a slot says at *place*, and where it comes from when that is not there."""
    text = place.texts.get(slot)
    if text is None:
        return "-"
    is_own = text.area_code == place.area.code
    return text.value if is_own else f"{text.value} (from {text.area_code})"
