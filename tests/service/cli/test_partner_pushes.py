"""``loa partners``: to where receipts are pushed, with which secret, and once more."""

from campaigns.partners.accounts import get_partner
from campaigns.partners.endpoints import DeadLetter, PartnerEndpoint
from campaigns.sealing import Sealer
from service.database import open_engine, open_sessions
from tests.builders import NOON, a_broadcast, a_subscriber
from tests.campaigns.partners.builders import a_told_feed
from tests.service.cli.clerk import SEAL_KEY, Clerk

OPEN = {"LOA_PUSH_NETWORKS": "127.0.0.1/32"}


def test_pushing_is_switched_on_off_and_begun_anew(clerk: Clerk) -> None:
    clerk.settings |= OPEN
    clerk.answer("partners", "add", "viettel-ls", "--carriers", "viettel")
    url = "http://127.0.0.1:9/loa"
    assert "loa partners secret" in clerk.refusal("partners", "push", "viettel-ls", "--url", url)
    secret = clerk.answer("partners", "secret", "viettel-ls")["secret"]
    assert secret.startswith("whsec_")
    assert clerk.answer("partners", "secret", "viettel-ls")["secret"] != secret
    assert "--at-once" in clerk.refusal("partners", "secret", "viettel-ls")
    clerk.answer("partners", "secret", "viettel-ls", "--at-once")
    assert clerk.answer("partners", "push", "viettel-ls", "--url", url)["push"]["url"] == url
    assert "Give a smaller number" in clerk.refusal(
        "partners", "replay", "viettel-ls", "--after", "1"
    )
    _give_up_everything(clerk)
    shown = clerk.run("partners", "status").stdout
    assert "given up: 1 to 3" in shown
    assert secret not in shown
    again = clerk.answer("partners", "replay", "viettel-ls", "--after", "0")["push"]
    assert (again["pushed_seq"], again["dead_letters"]) == (0, [])
    clerk.answer("partners", "push", "viettel-ls", "--off")
    assert "switched off by command" in " ".join(clerk.run("partners", "status").stdout.split())
    assert clerk.run("partners", "push", "viettel-ls").exit_code == 2


def test_an_address_in_our_own_network_is_refused(clerk: Clerk) -> None:
    clerk.answer("partners", "add", "viettel-ls", "--carriers", "viettel")
    clerk.answer("partners", "secret", "viettel-ls")
    said = clerk.refusal("partners", "push", "viettel-ls", "--url", "https://127.0.0.1/")
    assert "LOA_PUSH_NETWORKS" in said
    assert clerk.answer("partners", "status")["partners"][0]["push"]["url"] == ""


def _give_up_everything(clerk: Clerk) -> None:
    """Let three entries wait for three days in vain."""
    engine = open_engine(clerk.url)
    with open_sessions(engine).begin() as session:
        a_subscriber(session, Sealer(SEAL_KEY.encode()), area="06196")
        partner = get_partner(session, "viettel-ls")
        a_told_feed(session, partner, entries=3, broadcast_id=a_broadcast(session).id)
        session.add(
            DeadLetter(
                partner_id=partner.id, first_seq=1, last_seq=3, given_up_at=NOON, why="it hung up"
            )
        )
        session.get_one(PartnerEndpoint, partner.id).pushed_seq = 3
    engine.dispose()
