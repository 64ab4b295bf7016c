"""Moments: a date and an hour as people of each language write them; the words come later."""

from datetime import datetime

from campaigns.local_time import ZONE


def write_moment(moment: datetime, language: str) -> str:
    """Return ``07:30 ngày 23/11/2026``, or the like, by the province's clock."""
    local = moment.astimezone(ZONE)
    hour = f"{local:%H:%M}"
    day = f"{local.day}/{local.month}/{local.year}"
    return {"vi": f"{hour} ngày {day}", "zh": f"{day} {hour}"}.get(language, f"{hour} on {day}")
