"""Commands about settlements with telecom partners, and their own files beside them."""

import csv
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType
from rich.table import Table
from sqlalchemy.orm import Session

from campaigns.local_time import local_day, local_iso, local_minute
from campaigns.partners.accounts import get_partner
from campaigns.partners.acknowledgements import acknowledged_settlements, get_settlement
from campaigns.partners.differences import COLUMNS
from campaigns.partners.models import Partner
from campaigns.partners.months import read_month
from campaigns.partners.reconciling import Reconciliation, reconciling
from campaigns.partners.references import References
from campaigns.partners.settlements import (
    PartnerSettlement,
    last_settlement,
    list_settlements,
)
from campaigns.partners.statements import read_statement
from service.cli.moments import Moment
from service.cli.new_files import NewFile
from service.cli.output import Answer, answering
from service.database import reading
from service.partners.settlement_files import as_csv
from service.resources import open_resources
from workers.settlements import settle_days

_MOST_DAYS = 400
_USUAL_STRETCH = timedelta(days=60)
_SHOWN = 20


@click.command("reports")
@click.argument("name")
@click.option("--from", "since", type=Moment(takes_days=True), help="First day; 60 days ago.")
@answering
def reports(name: str, since: datetime | None) -> Answer:
    """List the settlements with the partner NAME, and which of them it has acknowledged."""
    with open_resources() as resources, reading(resources.sessions) as session:
        partner = get_partner(session, name)
        seen = acknowledged_settlements(session, partner)
        wanted = local_day(since or resources.now() - _USUAL_STRETCH)
        first = max(wanted, local_day(partner.created_at))
        found = list_settlements(
            session, partner, after=first - timedelta(days=1), limit=_MOST_DAYS
        )
    table = Table("day", "entries", "digest", "acknowledged", box=None)
    for one in found:
        seen_at = seen.get(one.id)
        acknowledged = local_minute(seen_at) if seen_at else "no"
        entries = f"{one.first_seq}-{one.last_seq}" if one.last_seq >= one.first_seq else "none"
        table.add_row(str(one.day), entries, one.digest, acknowledged)
    documents = [_describe(one, seen.get(one.id)) for one in found]
    empty = f"No day since {first:%d/%m/%Y} has been settled yet; each is at 01:00 of the next."
    return Answer({"reports": documents}, [table if found else empty])


@click.command("settle")
@click.argument("name")
@click.option("--date", "day", type=Moment(takes_days=True), help="Show this day, not the last.")
@click.option("--out", type=NewFile(), help="Write the file: .csv as a table, else JSON.")
@answering
def settle(name: str, day: datetime | None, out: Path | None) -> Answer:
    """Make whatever settlement is due with the partner NAME, and show the last one.

    The clock does so every day at 01:00; a day that is not over is never settled.
    """
    with open_resources() as resources:
        read = partial(reading, resources.sessions)
        with read() as session:
            partner = get_partner(session, name)
        signer = resources.sealer.signer
        made = settle_days(
            resources.sessions.begin, read, partner, signer=signer, now=resources.now()
        )
        with read() as session:
            found = _find(session, partner, day)
    if out is not None:
        out.write_bytes(as_csv(found) if out.suffix == ".csv" else found.content)
    table = Table("day", "kind", "sender", "state", "segments each", "texts", "segments", box=None)
    for line in found.lines:
        names = ("day", "kind", "sender", "state", "segments_per_text", "texts", "segments")
        table.add_row(*(str(line[name]) for name in names))
    said = f"Settled {made} days now. {name}, {found.day}, digest {found.digest}:"
    document = {"settled": made, "digest": found.digest} | json.loads(found.document)
    return Answer(document, [said, table])


@click.command("signing-key")
@answering
def signing_key() -> Answer:
    """Print the public key that settlements and orders are verified with."""
    with open_resources() as resources:
        pem = resources.sealer.signer.public_pem
    return Answer({"public_key": pem}, [pem.rstrip()])


@click.command("reconcile")
@click.argument("name")
@click.argument("month")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=NewFile(), help="Write every difference: .csv as a table, else JSON.")
@answering
def reconcile(name: str, month: str, file: Path, out: Path | None) -> Answer:
    """Compare FILE, which the partner NAME made of MONTH (2026-11), with what is kept here.

    FILE is a CSV with the columns reference or sid, sent_at, state, segments and perhaps code, in
    any order, also under Vietnamese headings. Nothing is changed by it.
    """
    with (
        open_resources() as resources,
        reading(resources.sessions) as session,
        file.open("rb") as opened,
        read_statement(opened, name=file.name) as statement,
    ):
        partner = get_partner(session, name)
        references = References(resources.sealer, partner.id)
        with reconciling(
            session, partner, read_month(month), statement, references=references
        ) as found:
            summary = found.summary()
            if out is not None:
                _write(found, summary, out)
            first = list(islice(found.differences(), _SHOWN))
    document = summary | {"first": first, "file": str(out) if out else None}
    return Answer(document, _show(summary, first, out), refused=bool(found.fault))


def _write(found: Reconciliation, summary: dict[str, Any], out: Path) -> None:
    """Write every difference to *out*, one after the other, however many there are."""
    with out.open("w", encoding="utf-8-sig" if out.suffix == ".csv" else "utf-8", newline="") as to:
        if out.suffix == ".csv":
            writer = csv.DictWriter(to, COLUMNS)
            writer.writeheader()
            writer.writerows(found.differences())
            return
        to.write(json.dumps({"summary": summary}, ensure_ascii=False)[:-1] + ', "list": [')
        for number, one in enumerate(found.differences()):
            to.write(("," if number else "") + "\n" + json.dumps(one, ensure_ascii=False))
        to.write("\n]}\n")


def _show(
    summary: dict[str, Any], first: Sequence[dict[str, Any]], out: Path | None
) -> list[RenderableType]:
    sides = Table("", "texts", "segments", box=None)
    for name, total in (
        ("ours", summary["ours"]),
        ("theirs", summary["theirs"]),
        ("agreed", summary["agreed"]),
        ("disputed, of ours", summary["disputed"]["ours"]),
        ("disputed, of theirs", summary["disputed"]["theirs"]),
    ):
        sides.add_row(name, f"{total['texts']:,}", f"{total['segments']:,}")
    table = Table("kind", "row", "text", "reason", box=None)
    for one in first:
        text = one["reference"] or one["sid"] or ""
        table.add_row(one["kind"], str(one["row"] or ""), text, one["reason"])
    count = sum(summary["differences"].values())
    said = f"Differences: {count:,}"
    if count > len(first):
        where = f"all are in {out}" if out else "--out FILE writes all"
        said += f", of which these are the first {len(first)}; {where}"
    return [sides, f"{said}.", table]


def _find(session: Session, partner: Partner, day: datetime | None) -> PartnerSettlement:
    """Return the settlement of *day*, or the last one there is."""
    last = last_settlement(session, partner) if day is None else None
    wanted = local_day(day or partner.created_at)
    return last or get_settlement(session, partner, wanted)


def _describe(one: PartnerSettlement, acknowledged_at: datetime | None) -> dict[str, object]:
    return {
        "day": one.day.isoformat(),
        "digest": one.digest,
        "previous_digest": one.previous_digest,
        "first_seq": one.first_seq,
        "last_seq": one.last_seq,
        "made_at": local_iso(one.made_at),
        "acknowledged_at": local_iso(acknowledged_at),
    }
