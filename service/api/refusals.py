"""Refusals: what is refused and why, before it is written in anybody's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from campaigns.complaints import Complaint
from campaigns.errors import (
    CampaignError,
    DefinitionError,
    LoginThrottledError,
    PasswordsBusyError,
)
from hotline.errors import EditionError, HotlineError
from service.api.kinds import REFUSED, Kind
from service.api.remedies import REMEDIES

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A problem before it is written in anybody's language."""

    kind: Kind
    detail: str = ""
    errors: tuple[Complaint, ...] = ()
    headers: Mapping[str, str] | None = None


class RefusedError(Exception):
    """A request that this interface itself refuses."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.kind.slug)
        self.refusal = refusal


def refusal_of(broken: CampaignError | HotlineError) -> Refusal:
    """Return what a broken rule is to whoever asked."""
    kind = next(
        (REMEDIES[slug] for one in type(broken).mro() if (slug := slug_of(one)) in REMEDIES),
        REFUSED,
    )
    errors = _complaints(broken)
    return Refusal(kind, "" if errors else str(broken), errors, headers=_when_to_retry(broken))


def slug_of(error: type[Exception]) -> str:
    """Return the slug of an error's type: ``SignatureMissingError`` is ``signature-missing``."""
    return _WORD.sub("-", error.__name__.removesuffix("Error")).lower()


def _complaints(broken: CampaignError | HotlineError) -> tuple[Complaint, ...]:
    match broken:
        case DefinitionError():
            return broken.complaints
        case EditionError():
            return tuple(
                replace(complaint, field=f"{file}: {complaint.field}")
                for file, complaint in broken.complaints
            )
        case _:
            return ()


def _when_to_retry(broken: CampaignError | HotlineError) -> dict[str, str] | None:
    match broken:
        case LoginThrottledError():
            return {"Retry-After": str(ceil(broken.wait.total_seconds()))}
        case PasswordsBusyError():
            return {"Retry-After": "1"}
        case _:
            return None
