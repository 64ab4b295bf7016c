"""Summaries: a plan as an approver and an auditor read it, in plain data."""

from campaigns.local_time import local_iso
from campaigns.plans.planning import LaneShare, PlanDraft
from campaigns.plans.rendering import RenderedText


def summarise(draft: PlanDraft) -> dict[str, object]:
    """Return what an approver and an auditor read of a plan, as plain data without numbers."""
    return {
        "campaign": draft.document.campaign,
        "digest": draft.digest,
        "recipients": draft.recipients,
        "skipped": draft.skipped,
        "despite_opt_out": draft.despite_opt_out,
        "by_commune": draft.recipients_by("area_code"),
        "by_level": draft.recipients_by("level"),
        "by_carrier": draft.recipients_by("carrier"),
        "by_language": draft.recipients_by("language"),
        "segments": draft.costs.segments,
        "segments_accented": draft.costs.segments_accented,
        "segments_unaccented": draft.costs.segments_unaccented,
        "price_vnd": draft.costs.price_vnd,
        "price_accented_vnd": draft.costs.segments_accented * draft.costs.segment_price_vnd,
        "price_unaccented_vnd": draft.costs.segments_unaccented * draft.costs.segment_price_vnd,
        "lanes": [_lane(share) for share in draft.lanes],
        "samples": [_sample(text) for text in draft.samples()],
        "findings": [
            {"code": finding.code, "severity": finding.severity, "message": finding.message}
            for finding in draft.findings
        ],
    }


def _lane(share: LaneShare) -> dict[str, object]:
    return {
        "lane": share.lane,
        "texts": share.texts,
        "segments": share.segments,
        "finishes_at": local_iso(share.stretches[-1].ends_at) if share.stretches else None,
        "stretches": [
            {
                "begins_at": local_iso(stretch.begins_at),
                "ends_at": local_iso(stretch.ends_at),
                "texts": stretch.texts,
            }
            for stretch in share.stretches
        ],
    }


def _sample(text: RenderedText) -> dict[str, object]:
    return {
        "language": text.language,
        "area": text.area_code,
        "body": text.chosen.body,
        "encoding": text.chosen.measure.encoding,
        "segments": text.chosen.measure.segments,
        "warnings": list(text.chosen.warnings),
    }
