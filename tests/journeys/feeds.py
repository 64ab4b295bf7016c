"""Partners of all networks, pushed to by an installation, and the laws of their feeds."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.deliveries import Delivery
from campaigns.partners.accounts import get_partner
from campaigns.partners.feed import feed_state
from campaigns.partners.models import FeedState
from campaigns.phones import known_carriers
from service.database import reading
from tests.campaigns.partners.builders import feed_of
from tests.fakes.partners import Partner, running_partner
from tests.journeys.conftest import Installation

_ONE = "viettel"
NETWORKS = {"one-ls": [_ONE], "others-ls": sorted(known_carriers() - {_ONE})}
Text = tuple[int, int]


@contextmanager
def partners_of_all_networks(loa: Installation) -> Iterator[Sequence[Partner]]:
    """Let two partners join who between them hear of every text, and take what they are pushed."""
    with ExitStack() as running:
        partners = []
        for name, carriers in NETWORKS.items():
            loa.loa("partners", "add", name, "--carriers", ",".join(carriers))
            secret = loa.loa("partners", "secret", name)["secret"]
            partner = running.enter_context(running_partner(Partner(secret)))
            loa.loa("partners", "push", name, "--url", partner.url)
            partners.append(partner)
        yield partners


def check_the_feeds(loa: Installation, partners: Sequence[Partner]) -> None:
    """Hold the feeds against themselves, the deliveries, and what partners were pushed."""
    with reading(loa.machine.resources.sessions) as session:
        last = [_check_numbers(session, name) for name in NETWORKS]
        deliveries = session.scalars(select(Delivery)).all()
        stand = {(each.broadcast_id, each.position): each for each in deliveries}
        assert _follow(session) == {
            text: feed_state(each.state, each.outcome) for text, each in stand.items()
        }
    for partner, newest in zip(partners, last, strict=True):
        _check_pushed(loa, partner, newest)


def _check_pushed(loa: Installation, partner: Partner, newest: int) -> None:
    """Wait until *partner* was pushed everything: nothing left out, nothing before its turn."""
    loa.until(lambda: newest in partner.seqs)
    assert partner.unsigned == 0
    # What was pushed may come again.
    assert list(dict.fromkeys(partner.seqs)) == list(range(1, newest + 1))


def _check_numbers(session: Session, name: str) -> int:
    """Return the number of the last entry of a feed without a gap."""
    partner = get_partner(session, name)
    numbers = [entry.seq for entry in feed_of(session, partner)]
    assert numbers == list(range(1, partner.last_seq + 1))
    return partner.last_seq


def _follow(session: Session) -> dict[Text, FeedState]:
    """Return where the feeds leave each text; each step begins where the one before it ended."""
    stands: dict[Text, FeedState] = {}
    for name in NETWORKS:
        for entry in feed_of(session, get_partner(session, name)):
            text = (entry.broadcast_id, entry.position)
            assert entry.before is stands.get(text, FeedState.NOTHING), (name, entry.seq)
            stands[text] = entry.state
    return stands
