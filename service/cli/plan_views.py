"""How a plan is shown to a person in a terminal."""

from datetime import datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from campaigns.local_time import ZONE
from campaigns.plans.planning import LaneShare, PlanDraft
from campaigns.plans.rules import Finding, Severity

_STYLES = {Severity.BROKEN: "bold red", Severity.SENSITIVE: "magenta", Severity.WARNING: "yellow"}
_TOP = 8


def show_plan(draft: PlanDraft) -> list[RenderableType]:
    """Return the plan as an approver reads it, the digest last."""
    costs = draft.costs
    return [
        Text(f"{draft.document.title}  ({draft.document.campaign})", style="bold"),
        Text(f"{draft.recipients:,} people would be texted. {_skipped(draft)}"),
        _counts(draft),
        _samples(draft),
        Text(
            f"{costs.segments:,} segments, {costs.price_vnd:,} đ. With accents "
            f"{costs.segments_accented:,}, without {costs.segments_unaccented:,}."
        ),
        *(Text(_when(share)) for share in draft.lanes),
        *(_finding(finding) for finding in draft.findings),
        Text(f"Digest {draft.digest}"),
    ]


def _skipped(draft: PlanDraft) -> str:
    parts = ", ".join(f"{count:,} {reason}" for reason, count in draft.skipped.items())
    left_out = f"Left out: {parts}." if parts else "Nobody is left out."
    if not draft.document.despite_opt_out:
        return left_out
    return f"{left_out} Despite an opt-out: {draft.despite_opt_out:,}."


def _counts(draft: PlanDraft) -> Table:
    names = {code: place.area.full_name for code, place in draft.audience.places.items()}
    table = Table("by", "", "people", box=None)
    for title, key in (("level", "level"), ("language", "language"), ("carrier", "carrier")):
        for value, count in draft.recipients_by(key).items():
            table.add_row(title, value or "?", f"{count:,}")
    communes = sorted(draft.recipients_by("area_code").items(), key=lambda pair: -pair[1])
    for code, count in communes[:_TOP]:
        table.add_row("commune", f"{code} {names.get(code, '')}", f"{count:,}")
    if len(communes) > _TOP:
        rest = sum(count for _, count in communes[_TOP:])
        table.add_row("commune", f"{len(communes) - _TOP} others", f"{rest:,}")
    return table


def _samples(draft: PlanDraft) -> Table:
    table = Table("text", "for", "seg.", "as it would arrive", box=None)
    for text in draft.samples():
        measure = text.chosen.measure
        table.add_row(
            text.language,
            text.area_code,
            f"{measure.segments} {measure.encoding}",
            # Nobody signs half a text, and Chinese has no blanks to break a line at.
            Text(text.chosen.body, overflow="fold"),
        )
    return table


def _when(share: LaneShare) -> str:
    if not share.stretches:
        return f"Lane {share.lane}: no open hour was found in which {share.texts:,} texts fit."
    parts = ", ".join(
        f"{stretch.texts:,} from {_local(stretch.begins_at)} to {_local(stretch.ends_at)}"
        for stretch in share.stretches[:3]
    )
    more = f", and {len(share.stretches) - 3} days more" if len(share.stretches) > 3 else ""  # noqa: PLR2004
    return f"Lane {share.lane}: {parts}{more}."


def _finding(finding: Finding) -> Text:
    return Text(f"{finding.severity}: {finding.message}", style=_STYLES[finding.severity])


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%H:%M %d/%m}"
