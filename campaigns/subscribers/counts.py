"""Counts: how many people can be texted, by commune, language and carrier."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.subscribers.models import Subscriber, current_carrier, may_be_texted


@dataclass(frozen=True, slots=True)
class Counts:
    """People who may be texted now, in all and split three ways, and those who may not be."""

    reachable: int
    by_area: dict[str, int]
    by_language: dict[str, int]
    by_carrier: dict[str, int]
    opted_out: int
    left: int
    erased: int


def has_people(session: Session, at_least: int) -> bool:
    """Whether there are so many people, by counting no further than that."""
    found = select(Subscriber.id).order_by(Subscriber.id).offset(at_least - 1).limit(1)
    return session.scalar(found) is not None


def count_subscribers(session: Session) -> Counts:
    """Count everybody once: erased before opted out before left before reachable.

    The carrier is the one last seen in a delivery report, else the one that the prefix suggests.
    """
    carrier = current_carrier()
    groups = session.execute(
        select(Subscriber.area_code, Subscriber.language, carrier, func.count())
        .where(may_be_texted())
        .group_by(Subscriber.area_code, Subscriber.language, carrier)
    ).all()
    by_area: dict[str, int] = {}
    by_language: dict[str, int] = {}
    by_carrier: dict[str, int] = {}
    for area_code, language, carrier_name, people in groups:
        for split, key in (
            (by_area, area_code),
            (by_language, language),
            (by_carrier, carrier_name or "unknown"),
        ):
            split[key] = split.get(key, 0) + people
    erased, opted_out, left = _count_unreachable(session)
    return Counts(
        reachable=sum(by_area.values()),
        by_area=dict(sorted(by_area.items())),
        by_language=dict(sorted(by_language.items())),
        by_carrier=dict(sorted(by_carrier.items())),
        opted_out=opted_out,
        left=left,
        erased=erased,
    )


def _count_unreachable(session: Session) -> tuple[int, int, int]:
    erased = Subscriber.erased_at.is_not(None)
    opted_out = Subscriber.opted_out_at.is_not(None)
    left = Subscriber.left_at.is_not(None)
    found = session.execute(
        select(
            func.count().filter(erased),
            func.count().filter(~erased, opted_out),
            func.count().filter(~erased, ~opted_out, left),
        ).select_from(Subscriber)
    ).one()
    return found[0], found[1], found[2]
