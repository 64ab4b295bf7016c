"""Pushes over TLS: sealed for whoever proves to be the partner, and for nobody else."""

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.partners.push_gateway import Failed, Taken
from service.pushes.addresses import PushAddresses
from service.pushes.pushers import Pushers
from tests.fakes.certificates import Authority
from tests.fakes.partners import running_partner
from tests.service.pushes.builders import ROWS, a_partner, a_push

DAY = timedelta(days=1)
HERE = "127.0.0.1"
Certify = Callable[[Authority], ssl.SSLContext]


@pytest.fixture
def pushers() -> Pushers:
    return Pushers(PushAddresses(["127.0.0.1/32"]))


def test_a_partner_that_proves_itself_is_brought_what_its_library_believes(
    authority: Authority, pushers: Pushers
) -> None:
    with running_partner(a_partner(), authority.certify(HERE)) as partner:
        assert pushers.send(a_push(partner.url)) == Taken()
    assert (partner.ids, partner.taken, partner.unsigned) == (["viettel-ls-1-1"], ROWS, 0)


def test_a_push_is_sealed_from_its_first_byte(pushers: Pushers) -> None:
    """A server that speaks no TLS hears nothing, although it is where it should be."""
    with running_partner(a_partner()) as partner:
        url = partner.url.replace("http:", "https:")
        assert pushers.send(a_push(url)) == Failed("no encrypted connection came about")
    assert (partner.ids, partner.unsigned) == ([], 0)


@pytest.mark.parametrize(
    ("certify", "why"),
    [
        pytest.param(
            lambda ours: ours.certify(HERE, begins=-2 * DAY, ends=-DAY),
            "its certificate has expired",
            id="expired",
        ),
        pytest.param(
            lambda ours: ours.certify(HERE, begins=DAY, ends=2 * DAY),
            "its certificate is not valid yet",
            id="of tomorrow",
        ),
        pytest.param(
            lambda ours: ours.certify("partner.example.vn", "127.0.0.2"),
            "its certificate does not prove who it is",
            id="for another name",
        ),
        pytest.param(
            lambda ours: Authority(ours.directory, "itself").vouch_for_itself(HERE),
            "nobody whom we trust vouches for its certificate",
            id="self-signed",
        ),
        pytest.param(
            lambda ours: Authority(ours.directory, "a stranger").certify(HERE),
            "nobody whom we trust vouches for its certificate",
            id="signed by a stranger",
        ),
        pytest.param(
            lambda ours: Authority(ours.directory).certify(HERE),
            "its certificate does not prove who it is",
            id="signed by somebody of our authority's name",
        ),
    ],
)
def test_whoever_does_not_prove_to_be_the_partner_hears_nothing(
    authority: Authority, pushers: Pushers, certify: Certify, why: str
) -> None:
    """Not the batch and not even its headers."""
    with running_partner(a_partner(), certify(authority)) as partner:
        assert pushers.send(a_push(partner.url)) == Failed(why)
    assert (partner.ids, partner.unsigned) == ([], 0)


def test_whoever_this_machine_does_not_trust_hears_nothing(
    tmp_path: Path, pushers: Pushers
) -> None:
    """The certificate that arrives above, where nobody has named its authority."""
    with running_partner(a_partner(), Authority(tmp_path).certify(HERE)) as partner:
        assert isinstance(pushers.send(a_push(partner.url)), Failed)
    assert (partner.ids, partner.unsigned) == ([], 0)
