"""What plans and launches need of an installation, for the command line and the interface alike."""

from redis import Redis
from sqlalchemy.orm import Session

from campaigns.broadcasts.launching import Launched, launch
from campaigns.broadcasts.ordering import order_plan
from campaigns.partners.accounts import get_partner
from campaigns.partners.orders import AreaOrder
from campaigns.plans.approvals import get_plan, submit_plan
from campaigns.plans.models import Plan
from campaigns.plans.planning import Terms, draft_plan
from campaigns.revisions import get_newest_revision
from campaigns.subscribers.consent import require_own_seal
from service.resources import Resources
from service.settings import Settings
from workers.sending import ask_for_batch


def terms_of(settings: Settings) -> Terms:
    """Return what a plan needs to know of this installation."""
    return Terms(
        lanes=settings.lanes,
        hotline=settings.hotline_number,
        segment_price_vnd=settings.segment_price_vnd,
        address=settings.public_url,
    )


def submit_newest(session: Session, slug: str, resources: Resources) -> Plan:
    """Plan the newest revision of a campaign and keep that to be signed."""
    revision = get_newest_revision(session, slug, to_change=True)
    now = resources.now()
    draft = draft_plan(session, revision.document, terms=terms_of(resources.settings), now=now)
    return submit_plan(session, draft, author=revision.author, revise=False, now=now)


def launch_plan(session: Session, reference: str, resources: Resources) -> Launched:
    """Launch the plan with this number or digest; after the commit, call ``ask_for_sending``."""
    # Nobody could be texted with another's key, and every worker would stumble over it.
    require_own_seal(session, sealer=resources.sealer)
    return launch(
        session,
        get_plan(session, reference),
        terms=terms_of(resources.settings),
        now=resources.now(),
    )


def order_from(session: Session, reference: str, name: str, resources: Resources) -> AreaOrder:
    """Order the plan with this number or digest from the partner *name*."""
    return order_plan(
        session,
        get_plan(session, reference),
        get_partner(session, name),
        terms=terms_of(resources.settings),
        signer=resources.sealer.signer,
        now=resources.now(),
    )


def ask_for_sending(redis: Redis, launched: Launched) -> None:
    """Ask workers to begin with a broadcast at once; without this the clock does, in a second."""
    for lane in launched.lanes:
        broadcast = launched.broadcast
        ask_for_batch(redis, broadcast.id, lane, is_urgent=broadcast.is_urgent)
