"""Misses: who looks for a number that is on no list is on record, as who finds one is."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response

from campaigns.audit import record
from campaigns.errors import UnknownSubscriberError
from service.api.requests import resources, writing

# That somebody is on no list is told, too. Of whom, the entry does not say.
NOBODY = "subscriber:nobody"


def noting_misses(view: Callable[..., Response]) -> Callable[..., Response]:
    """Note a look that found nobody, once what it was part of is taken back."""

    @wraps(view)
    def noted(*args: Any, **kwargs: Any) -> Response:
        try:
            return view(*args, **kwargs)
        except UnknownSubscriberError:
            with writing() as session:
                record(session, "subscriber.looked_up", NOBODY, now=resources().now())
            raise

    return noted
