"""Rules: what an approver checks, checked before they look; broken ones nobody may sign away."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from campaigns.definitions.checklist import Severity as RemarkSeverity
from campaigns.definitions.checklist import lint
from campaigns.definitions.document import CampaignDocument
from campaigns.levels import get_level
from campaigns.local_time import local_minute
from campaigns.plans.audiences import Place
from campaigns.plans.estimates import Stretch, texts_before


class Severity(StrEnum):
    BROKEN = "broken"
    SENSITIVE = "sensitive"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection to a plan; a broken rule stops it, a warning is for the approver to weigh."""

    code: str
    severity: Severity
    message: str


class _Share(Protocol):
    @property
    def texts(self) -> int: ...
    @property
    def stretches(self) -> list[Stretch]: ...


class _Costs(Protocol):
    @property
    def segments(self) -> int: ...


def check_rules(
    document: CampaignDocument,
    places: Mapping[str, Place],
    *,
    lanes: Sequence[_Share],
    costs: _Costs,
    now: datetime,
) -> list[Finding]:
    """Hold a plan against the rules of its class and the approver's checklist."""
    return [
        *_check_time(document, lanes, now=now),
        *_check_budget(document, costs),
        *_check_notice(document, places, now=now),
        *_check_opt_outs(document),
        *(
            Finding(remark.code, _SEVERITIES[remark.severity], remark.message_en)
            for remark in lint(document)
        ),
    ]


_SEVERITIES = {
    RemarkSeverity.ERROR: Severity.BROKEN,
    RemarkSeverity.SENSITIVE: Severity.SENSITIVE,
    RemarkSeverity.WARNING: Severity.WARNING,
}


def _check_time(
    document: CampaignDocument, lanes: Sequence[_Share], *, now: datetime
) -> Iterator[Finding]:
    expiry = document.expiry(now)
    if expiry is None:
        return
    if document.hours.next_open(now) >= expiry:
        yield Finding(
            "expired",
            Severity.BROKEN,
            f"The window ends {local_minute(expiry)}, before the first text may leave. "
            "Set a later not_after.",
        )
        return
    total = sum(lane.texts for lane in lanes)
    in_time = sum(texts_before(lane.stretches, expiry) for lane in lanes)
    if in_time < total:
        yield Finding(
            "too_slow",
            Severity.WARNING,
            f"Only {in_time:,} of {total:,} texts fit before {local_minute(expiry)} at the agreed "
            "rates; the rest would expire. Start earlier, shorten the text or widen the hours.",
        )


def _check_budget(document: CampaignDocument, costs: _Costs) -> Iterator[Finding]:
    if document.budget is not None and costs.segments > document.budget.segments:
        yield Finding(
            "over_budget",
            Severity.BROKEN,
            f"The plan needs {costs.segments:,} segments and the budget allows "
            f"{document.budget.segments:,}. Shorten the text, drop accents or raise the budget.",
        )


def _check_notice(
    document: CampaignDocument, places: Mapping[str, Place], *, now: datetime
) -> Iterator[Finding]:
    """A raise is announced at least 48 hours ahead (NQ 128/NQ-CP); a late text is still better."""
    if document.audience.decision != "announced":
        return
    late = []
    for code, place in places.items():
        decision = place.decision
        if decision is not None:
            notice = timedelta(hours=get_level(decision.scheme, decision.level).notice_hours)
            if decision.effective_at - now < notice:
                late.append(code)
    if late:
        yield Finding(
            "short_notice",
            Severity.WARNING,
            f"In {len(late)} communes the new level begins in less than the notice that "
            f"NQ 128/NQ-CP asks for: {', '.join(late[:5])}{' ...' if len(late) > 5 else ''}.",  # noqa: PLR2004
        )


def _check_opt_outs(document: CampaignDocument) -> Iterator[Finding]:
    if document.despite_opt_out:
        yield Finding(
            "despite_opt_out",
            Severity.SENSITIVE,
            f"People who opted out would be texted, too, under {document.despite_opt_out}. The "
            "steering committee signs for that.",
        )
