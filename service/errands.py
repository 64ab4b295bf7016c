"""Errands: what a worker does for whoever asked, as it would have been done at once."""

import logging

import orjson
from redis import Redis
from sqlalchemy.orm import Session

from campaigns.access.keys import ApiKey
from campaigns.access.login_sessions import LoginSession
from campaigns.access.permissions import Permission, permissions_of, require
from campaigns.audit import last_deed
from campaigns.broadcasts.brake import refuse_if_pulled
from campaigns.broadcasts.launching import Launched
from campaigns.errands import MOST_ATTEMPTS, Errand, ErrandKind, hold_errand
from campaigns.errors import CampaignError, LaunchWithdrawnError
from hotline.errors import HotlineError
from service.api.kinds import FAULT, NO_KEY
from service.api.refusals import Refusal, RefusedError, refusal_of
from service.database import open_sessions, reading
from service.planning import ask_for_sending, launch_plan, submit_newest
from service.resources import Resources

_NEEDS = {
    ErrandKind.SUBMIT: Permission.CAMPAIGNS_WRITE,
    ErrandKind.LAUNCH: Permission.BROADCASTS_LAUNCH,
}

log = logging.getLogger(__name__)


def do_errand(resources: Resources, redis: Redis, number: int) -> None:
    """Carry out the errand with this *number*, and say in its row what came of it.

    The deed and that word are one transaction, during which the errand is held: so it is done
    once, and whoever comes after a killed worker begins anew. What fails in a way that nobody
    foresaw is tried again, and given up in the end.
    """
    with reading(resources.sessions) as session:
        asked = session.get(Errand, number)
    if asked is None:
        return
    with open_sessions(resources.engine, actor=asked.actor).begin() as session:
        begun_after = last_deed(session)
        errand = hold_errand(session, number)
        launched = _do(session, errand, resources, begun_after) if errand is not None else None
    if launched is not None:
        ask_for_sending(redis, launched)


def _do(
    session: Session, errand: Errand, resources: Resources, begun_after: int
) -> Launched | None:
    now = resources.now()
    try:
        with session.begin_nested():
            _require_still_wanted(session, errand, resources)
            if errand.kind is ErrandKind.SUBMIT:
                errand.end_with(submit_newest(session, errand.subject, resources).id, now=now)
                return None
            launched = launch_plan(session, errand.subject, resources)
            # Whoever stopped everything after the look at the errand found it held by us.
            refuse_if_pulled(session, since=begun_after)
            errand.end_with(launched.broadcast.id, now=now)
            return launched
    except RefusedError as refused:
        _fail(errand, refused.refusal, resources)
    except (CampaignError, HotlineError) as broken:
        _fail(errand, refusal_of(broken), resources)
    return None


def _require_still_wanted(session: Session, errand: Errand, resources: Resources) -> None:
    """Raise unless whoever asked could ask for it at this moment, too."""
    if errand.attempts > MOST_ATTEMPTS:
        log.error(
            "errand %s was begun %s times without coming to its end", errand.id, MOST_ATTEMPTS
        )
        raise RefusedError(Refusal(FAULT))
    if errand.withdrawn_at is not None:
        raise LaunchWithdrawnError(
            "Everything was stopped, or brought back from a backup, before a worker began with "
            "this launch. Nothing was sent. Launch the plan again if it is still wanted."
        )
    now = resources.now()
    key = session.get(ApiKey, errand.key_id) if errand.key_id else None
    opened = session.get(LoginSession, errand.session_id) if errand.session_id else None
    if key is not None and key.is_valid(now):
        held = key.scope_set
    elif opened is not None and opened.is_open(now):
        held = permissions_of(errand.person.role_set)
    else:
        raise RefusedError(Refusal(NO_KEY))
    require(_NEEDS[errand.kind], held)


def _fail(errand: Errand, refusal: Refusal, resources: Resources) -> None:
    errors = [
        {"line": one.line, "field": one.field, "problem": one.problem, "remedy": one.remedy}
        for one in refusal.errors
    ]
    said = orjson.dumps({"detail": refusal.detail, "errors": errors}).decode()
    errand.fail(refusal.kind.slug, said, now=resources.now())
