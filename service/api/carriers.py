"""Carriers: what became of texts on each network, how sure that is, and who has gone quiet."""

from datetime import date, datetime, time, timedelta

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaigns.access.permissions import Permission
from campaigns.carriers.quiet import quiet_carriers
from campaigns.carriers.truth import count_hours
from campaigns.local_time import ZONE, local_day
from service.api.given import Given
from service.api.kept import kept
from service.api.requests import needs, resources

carriers = APIBlueprint("carriers", __name__, tag="Carriers")


class ShareOut(BaseModel):
    """So many texts; their share of all, and between which bounds it lies in 95 of 100 cases."""

    texts: int
    share: float | None
    low: float
    high: float


class CarrierHourOut(BaseModel):
    """Texts handed over to one network in one hour; ``network`` is what its centre has.

    The four shares are of what was accepted; ``unknown`` is in none. ``carrier`` is null where
    the network was not known.
    """

    carrier: str | None
    hour: datetime
    accepted: int
    network: ShareOut
    handset: ShareOut
    failed: ShareOut
    silent: ShareOut
    unknown: int


class HeardOut(ShareOut):
    """The same for an alarm, in 99.7 of 100 cases; ``of`` is how many texts there were."""

    of: int


class QuietOut(BaseModel):
    """A network that has gone quiet: what was heard of its last texts, and what is usual."""

    carrier: str
    verdict: str
    since: datetime
    heard: HeardOut
    usual: HeardOut
    sentence: str


class CarriersOut(BaseModel):
    """One day's truth by network and hour, and who is quiet at this moment."""

    day: date
    hours: list[CarrierHourOut]
    quiet: list[QuietOut]


class DayQuery(Given):
    """Which day of handing over; today when left out."""

    day: date | None = None


@carriers.get("/carriers")
@needs(Permission.BROADCASTS_READ)
@carriers.input(DayQuery, location="query")
@carriers.output(CarriersOut)
def show(query_data: DayQuery) -> Response:
    """Show what became of texts, by network and hour.

    And which networks have gone quiet: fewer receipts than usual, or none at all.
    """
    now = resources().now()
    day = query_data.day or local_day(now)
    begins = datetime.combine(day, time(), ZONE)

    def read(session: Session) -> dict[str, object]:
        hours = count_hours(session, begins=begins, ends=begins + timedelta(days=1))
        quiet = quiet_carriers(session, now=now)
        return {
            "day": day,
            "hours": [one.document() for one in hours],
            "quiet": [one.document() for one in quiet],
        }

    return kept(read)
