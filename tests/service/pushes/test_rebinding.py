"""Names that lead elsewhere by the time of a push than when they were set.

What the name server would say is all that is made up. Python looks it up when an address is set;
libcurl has it in its cache of names when it connects, tries the addresses in their order, and
asks us for a socket to each. The partner behind every address is a real server that this machine
trusts, so nothing but our own refusal keeps a batch from it.
"""

from collections.abc import Iterator

import pytest

from campaigns.partners.errors import PartnerRefusedError
from campaigns.partners.push_gateway import Failed, Taken
from service.pushes.addresses import PushAddresses
from service.pushes.pushers import Pushers
from tests.fakes.certificates import Authority
from tests.fakes.names import Names
from tests.fakes.partners import Partner, running_partner
from tests.service.pushes.builders import a_partner, a_push

NAME = "partner.example.vn"
GLOBAL = "8.8.8.8"
# One stands for the partner's line, the other for a machine of our own.
THEIRS, OURS = "127.0.0.1", "127.0.0.2"
ANYWHERE = PushAddresses(())
THEIR_LINE = PushAddresses([f"{THEIRS}/32"])


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


@pytest.fixture
def partner(authority: Authority) -> Iterator[Partner]:
    with running_partner(a_partner(), authority.certify(NAME), host=THEIRS) as partner:
        yield partner


@pytest.fixture
def machine(authority: Authority, partner: Partner) -> Iterator[Partner]:
    """A machine of our own, which would take whatever reached it, on the partner's own port."""
    tls = authority.certify(NAME)
    with running_partner(a_partner(), tls, host=OURS, port=partner.port) as machine:
        yield machine


def url_of(partner: Partner) -> str:
    return f"https://{NAME}:{partner.port}/loa"


def heard(partner: Partner) -> int:
    """Return how many requests reached *partner*, believed or not."""
    return len(partner.ids) + partner.unsigned


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::ffff:127.0.0.1", "::1", "64:ff9b::7f00:1", "10.0.0.1"),
        *("169.254.169.254", "fe80::1", "fd00::1", "0.0.0.0"),  # noqa: S104 - it leads to ourselves
    ],
)
def test_a_name_that_was_global_when_it_was_set_leads_no_push_into_our_networks(
    names: Names, partner: Partner, address: str
) -> None:
    names.lead(NAME, GLOBAL)
    ANYWHERE.require(url_of(partner))
    names.lead(NAME, address)
    said = Pushers(ANYWHERE).send(a_push(url_of(partner)))
    assert said == Failed(f"it leads to {address}, to which pushes may not go")
    assert heard(partner) == 0


def test_the_same_name_is_pushed_to_where_its_network_is_allowed(
    names: Names, partner: Partner
) -> None:
    """So it is our refusal that holds the pushes above back, and nothing else."""
    for address in (THEIRS, f"::ffff:{THEIRS}"):
        names.lead(NAME, address)
        assert Pushers(THEIR_LINE).send(a_push(url_of(partner))) == Taken()
    assert heard(partner) == 2


def test_a_name_is_looked_at_anew_by_each_push(
    names: Names, partner: Partner, machine: Partner
) -> None:
    """No answer and no connection is kept from the last one, in whichever direction it moves."""
    pushers, url = Pushers(THEIR_LINE), url_of(partner)
    names.lead(NAME, OURS)
    with pytest.raises(PartnerRefusedError, match=f"leads to {OURS}"):
        THEIR_LINE.require(url)
    assert isinstance(pushers.send(a_push(url)), Failed)
    names.lead(NAME, THEIRS)
    THEIR_LINE.require(url)
    assert pushers.send(a_push(url)) == Taken()
    names.lead(NAME, OURS)
    assert isinstance(pushers.send(a_push(url)), Failed)
    assert (heard(partner), heard(machine)) == (1, 0)


@pytest.mark.parametrize("addresses", [(THEIRS, OURS), (OURS, THEIRS)])
def test_of_several_addresses_only_those_are_tried_to_which_pushes_may_go(
    names: Names, partner: Partner, machine: Partner, addresses: tuple[str, str]
) -> None:
    """Set, such a name is refused outright."""
    names.lead(NAME, *addresses)
    with pytest.raises(PartnerRefusedError, match=f"leads to {OURS}"):
        THEIR_LINE.require(url_of(partner))
    assert Pushers(THEIR_LINE).send(a_push(url_of(partner))) == Taken()
    assert (heard(partner), heard(machine)) == (1, 0)


@pytest.mark.parametrize("addresses", [("127.0.0.3", OURS), (OURS, "127.0.0.3")])
def test_a_partner_that_is_away_is_no_way_into_our_networks(
    names: Names, machine: Partner, addresses: tuple[str, str]
) -> None:
    """Nobody answers at the address that is allowed; the other one is still not tried."""
    names.lead(NAME, *addresses)
    said = Pushers(PushAddresses(["127.0.0.3/32"])).send(a_push(url_of(machine)))
    assert said == Failed(f"it leads to {OURS}, to which pushes may not go")
    assert heard(machine) == 0


def test_a_name_that_is_global_and_one_of_ours_at_a_time_is_refused(names: Names) -> None:
    for addresses in ((GLOBAL, "10.0.0.1"), ("10.0.0.1", GLOBAL), (GLOBAL, "::1")):
        names.lead(NAME, *addresses)
        with pytest.raises(PartnerRefusedError, match="no address of the internet"):
            ANYWHERE.require(f"https://{NAME}/loa")
