"""Planning: what a campaign would do, worked out on the real people, before anybody signs."""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.definitions.canonical import digest as document_digest
from campaigns.definitions.document import CampaignDocument
from campaigns.errors import EmptyAudienceError
from campaigns.figures import require_figures
from campaigns.lanes import Lane, lane_for
from campaigns.plans.audiences import (
    Audience,
    Group,
    choose_audience,
    count_despite_opt_out,
    count_groups,
    list_members,
)
from campaigns.plans.estimates import Stretch, estimate_sending
from campaigns.plans.local_texts import local_values
from campaigns.plans.rendering import RenderedText, render_texts, require_texts, slots_of
from campaigns.plans.rules import Finding, check_rules

SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan needs to know of the installation.

    Lanes, hotline number, price of a segment, and the public address that links begin with.
    """

    lanes: tuple[Lane, ...]
    hotline: str
    segment_price_vnd: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class LaneShare:
    """What one lane would carry, and when."""

    lane: str
    texts: int
    segments: int
    stretches: list[Stretch]


@dataclass(frozen=True, slots=True)
class Costs:
    """Segments and price of the whole plan: as it would go, with accents, and without."""

    segments: int
    segments_accented: int
    segments_unaccented: int
    segment_price_vnd: int

    @property
    def price_vnd(self) -> int:
        return self.segments * self.segment_price_vnd


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A dry run: who would get which text, at what cost, by when, and against which rules."""

    document: CampaignDocument
    audience: Audience
    texts: list[RenderedText]
    groups: list[Group]
    members: bytes
    lanes: list[LaneShare]
    costs: Costs
    findings: list[Finding]
    content_digest: str
    digest: str
    despite_opt_out: int = 0
    """How many of the recipients opted out, and would be texted all the same."""

    @property
    def recipients(self) -> int:
        return sum(group.count for group in self.groups if not group.skipped)

    @property
    def skipped(self) -> dict[str, int]:
        return self._tally(lambda group: group.skipped, skipped=True)

    def recipients_by(self, name: str) -> dict[str, int]:
        """Count recipients by ``area_code``, ``language`` or ``carrier``, or by ``level``."""
        if name == "level":
            levels = {text.area_code: text.level for text in self.texts}
            return self._tally(lambda group: str(levels[group.area_code]))
        return self._tally(lambda group: str(getattr(group, name)))

    def _tally(self, key: Callable[[Group], str], *, skipped: bool = False) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for group in self.groups:
            if bool(group.skipped) is skipped:
                counts[key(group)] += group.count
        return dict(sorted(counts.items()))

    def samples(self) -> list[RenderedText]:
        """Return a few different texts as they would arrive: the longest of each language first."""
        different = {text.chosen.body: text for text in reversed(self.texts)}.values()
        by_length = sorted(
            different, key=lambda text: (-text.chosen.measure.segments, text.area_code)
        )
        firsts = {text.language: text for text in reversed(by_length)}
        rest = [text for text in by_length if firsts[text.language] is not text]
        return ([firsts[language] for language in sorted(firsts)] + rest)[:SAMPLES]


def draft_plan(
    session: Session, document: CampaignDocument, *, terms: Terms, now: datetime
) -> PlanDraft:
    """Plan *document* on the people and levels of *now*; writes nothing.

    Raises UnknownAreaError, EmptyAudienceError, EmptySlotError and FiguresMissingError, because
    such a campaign could not be sent at all; every other objection is among the findings.
    """
    audience = choose_audience(session, document, now=now)
    figures = require_figures(session, slots_of(document), now=now)
    local = local_values(session, document, now=now)
    texts = render_texts(
        document,
        audience.places,
        hotline=terms.hotline,
        address=terms.address,
        figures=figures,
        local=local,
    )
    groups = count_groups(session, document, audience)
    if not any(group.count for group in groups if not group.skipped):
        raise EmptyAudienceError(
            f"The campaign {document.campaign} reaches nobody: no subscriber lives where it is "
            "meant for, speaks its languages and agreed to be texted. Nothing was planned. "
            "Check the audience, or import subscribers first."
        )
    require_texts(document, texts, groups, places=audience.places, local=local)
    members = list_members(session, audience)
    lanes = share_lanes(groups, texts, document, terms=terms, now=now)
    costs = add_up(groups, texts, segment_price_vnd=terms.segment_price_vnd)
    content = digest_content(document, texts)
    return PlanDraft(
        document=document,
        audience=audience,
        texts=texts,
        groups=groups,
        members=members,
        lanes=lanes,
        costs=costs,
        findings=check_rules(document, audience.places, lanes=lanes, costs=costs, now=now),
        content_digest=content,
        digest=hashlib.sha256(content.encode() + zlib.decompress(members)).hexdigest(),
        despite_opt_out=count_despite_opt_out(session, document, audience),
    )


def digest_content(document: CampaignDocument, texts: Sequence[RenderedText]) -> str:
    """Return the SHA-256 of the document and of every text as it would arrive."""
    rendered = [
        [text.language, text.area_code, text.level, text.chosen.body]
        for text in sorted(texts, key=lambda text: (text.language, text.area_code))
    ]
    payload = json.dumps([document_digest(document), rendered], ensure_ascii=False)
    return hashlib.sha256(payload.encode()).hexdigest()


def share_lanes(
    groups: Sequence[Group],
    texts: Sequence[RenderedText],
    document: CampaignDocument,
    *,
    terms: Terms,
    now: datetime,
) -> list[LaneShare]:
    """Give each lane the recipients of its carriers, and estimate when it would be done."""
    segments_of = segments_by_place(texts)
    counts: Counter[str] = Counter()
    segments: Counter[str] = Counter()
    for group in groups:
        if not group.skipped:
            lane = lane_for(terms.lanes, group.carrier).name
            counts[lane] += group.count
            segments[lane] += group.count * segments_of[group.language, group.area_code]
    return [
        LaneShare(
            lane.name,
            counts[lane.name],
            segments[lane.name],
            estimate_sending(
                texts=counts[lane.name],
                segments=segments[lane.name],
                rate_per_s=lane.rate_per_s,
                hours=document.hours,
                now=now,
            ),
        )
        for lane in terms.lanes
        if counts[lane.name]
    ]


def segments_by_place(texts: Sequence[RenderedText]) -> Mapping[tuple[str, str], int]:
    return {(text.language, text.area_code): text.chosen.measure.segments for text in texts}


def add_up(
    groups: Sequence[Group], texts: Sequence[RenderedText], *, segment_price_vnd: int
) -> Costs:
    """Add up segments over all recipients, as chosen and both ways."""
    chosen = {(text.language, text.area_code): text.chosen for text in texts}
    totals = [0, 0, 0]
    for group in groups:
        if not group.skipped:
            text = chosen[group.language, group.area_code]
            accented, plain = text.measure, text.other
            if not text.is_accented:
                accented, plain = plain, accented
            for index, measure in enumerate((text.measure, accented, plain)):
                totals[index] += group.count * measure.segments
    segments, accented_segments, plain_segments = totals
    return Costs(segments, accented_segments, plain_segments, segment_price_vnd)
