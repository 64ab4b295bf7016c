"""Pushes to partners: a partner that uses the public library, and misbehaves in every way."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy.orm import Session, sessionmaker

from campaigns.partners.endpoints import PartnerEndpoint, draw_push_secret, push_to
from campaigns.partners.errors import PartnerRefusedError
from campaigns.partners.models import Partner
from campaigns.partners.push_gateway import PushAnswer, Taken
from campaigns.partners.pushing import (
    MOST_ENTRIES,
    PushClaim,
    claim_pushes,
    dead_letters_of,
    replay,
    settle_push,
)
from campaigns.sealing import Sealer
from tests.builders import NOON, a_broadcast, a_province
from tests.campaigns.partners.builders import a_partner, a_told_feed
from tests.fakes import partners as fakes
from tests.fakes.partners import Answer, running_partner
from tests.workers.conftest import Watch
from workers.context import JobContext
from workers.pushes import Turn, push_to_partners

pytestmark = pytest.mark.usefixtures("job_context")

Joined = tuple[Partner, fakes.Partner]
Join = Callable[..., Joined]


@pytest.fixture
def broadcast_id(sessions: sessionmaker[Session], sealer: Sealer) -> int:
    with sessions.begin() as session:
        a_province(session, sealer, people=1)
        return a_broadcast(session).id


@pytest.fixture
def join(sessions: sessionmaker[Session], sealer: Sealer, broadcast_id: int) -> Iterator[Join]:
    """Return how to have a partner join, with so many entries in its feed."""
    with ExitStack() as running:

        def join(
            carrier: str = "viettel", *, entries: int = 3, answers: tuple[Answer, ...] = ()
        ) -> Joined:
            with sessions.begin() as session:
                account = a_partner(session, carrier, carriers=[carrier])
                a_told_feed(session, account, entries=entries, broadcast_id=broadcast_id)
                secret = draw_push_secret(session, account, sealer=sealer, now=NOON)
                partner = fakes.Partner(secret, list(answers))
                running.enter_context(running_partner(partner))
                push_to(session, account, partner.url, now=NOON)
            return account, partner

        yield join


def standing(sessions: sessionmaker[Session], account: Partner) -> PartnerEndpoint:
    with sessions() as session:
        return session.get_one(PartnerEndpoint, account.id)


def test_a_partner_is_brought_its_feed_in_order_and_without_a_gap(
    join: Join, sessions: sessionmaker[Session], watch: Watch, broadcast_id: int
) -> None:
    account, partner = join(entries=MOST_ENTRIES + 2)

    assert push_to_partners() == 2
    assert partner.ids == ["viettel-1-1000", "viettel-1001-1002"]
    with sessions.begin() as session:
        again = session.get_one(Partner, account.id)
        a_told_feed(session, again, entries=1, broadcast_id=broadcast_id)
    assert push_to_partners() == 0
    watch.forward(seconds=1)
    assert push_to_partners() == 1

    assert partner.seqs == list(range(1, MOST_ENTRIES + 4))
    assert partner.unsigned == 0
    row = partner.taken[0]
    assert (row["state"], row["carrier_by_prefix"]) == ("planned", "viettel")
    assert standing(sessions, account).answered_at == watch.moment


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(500), "it answered 500"),
        (Answer(404), "it answered 404"),
        (
            Answer(302, {"Location": "/elsewhere"}),
            "it answered 302, and redirects are not followed",
        ),
        (Answer(cut=True), "it hung up without an answer"),
        (Answer(body=b"x" * 70_000), "its answer is longer than 64 KiB"),
    ],
)
def test_what_fails_comes_again_as_the_same_batch(
    join: Join, sessions: sessionmaker[Session], watch: Watch, answer: Answer, why: str
) -> None:
    account, partner = join(answers=(answer,))

    assert push_to_partners() == 0
    assert standing(sessions, account).failure == why
    assert push_to_partners() == 0
    watch.forward(seconds=5)
    assert push_to_partners() == 1

    assert partner.ids == ["viettel-1-3"] * 2
    assert standing(sessions, account).failing_since is None


def test_a_batch_stays_the_same_although_the_feed_goes_on(
    join: Join, sessions: sessionmaker[Session], watch: Watch, broadcast_id: int
) -> None:
    account, partner = join(answers=(Answer(503),))
    push_to_partners()
    with sessions.begin() as session:
        again = session.get_one(Partner, account.id)
        a_told_feed(session, again, entries=2, broadcast_id=broadcast_id)
    watch.forward(seconds=5)
    push_to_partners()
    watch.forward(seconds=1)
    push_to_partners()
    assert partner.ids == ["viettel-1-3", "viettel-1-3", "viettel-4-5"]


def test_waits_grow_from_seconds_to_an_hour(
    join: Join, sessions: sessionmaker[Session], watch: Watch
) -> None:
    account, partner = join(answers=(Answer(500),) * 12)
    waits = []
    for _ in range(12):
        push_to_partners()
        waits.append((standing(sessions, account).due_at - watch.moment).total_seconds())
        watch.moment = standing(sessions, account).due_at
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    assert len(partner.ids) == 12


@pytest.mark.parametrize(
    ("after", "seconds"), [("120", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 1), ("soon", 5)]
)
def test_a_partner_says_how_long_to_wait(
    join: Join, sessions: sessionmaker[Session], watch: Watch, after: str, seconds: int
) -> None:
    account, partner = join(answers=(Answer(429, {"Retry-After": after}),))
    push_to_partners()
    assert standing(sessions, account).due_at - NOON == timedelta(seconds=seconds)
    watch.forward(seconds=seconds)
    push_to_partners()
    assert partner.seqs == [1, 2, 3]


def test_a_partner_who_is_gone_is_left_alone_until_switched_on_again(
    join: Join, sessions: sessionmaker[Session], watch: Watch
) -> None:
    account, partner = join(answers=(Answer(410),))
    push_to_partners()
    watch.forward(days=1)
    assert push_to_partners() == 0
    endpoint = standing(sessions, account)
    assert endpoint.disabled_why == "the partner answered 410 Gone"
    with sessions.begin() as session, pytest.raises(PartnerRefusedError, match="Nothing is pushed"):
        replay(session, account, after=0, now=watch.moment)

    with sessions.begin() as session:
        push_to(session, session.get_one(Partner, account.id), partner.url, now=watch.moment)
    assert push_to_partners() == 1
    assert partner.seqs == [1, 2, 3]


def test_what_nobody_takes_for_three_days_is_laid_aside_and_can_be_replayed(
    join: Join, sessions: sessionmaker[Session], watch: Watch, broadcast_id: int
) -> None:
    """Whoever comes back after a week hears of the last three days first."""
    account, partner = join(answers=(Answer(500),) * 2)
    push_to_partners()
    watch.forward(days=3)
    with sessions.begin() as session:
        again = session.get_one(Partner, account.id)
        a_told_feed(session, again, entries=2, broadcast_id=broadcast_id)
    push_to_partners()
    with sessions() as session:
        [letter] = dead_letters_of(session, account)
    # The entries of builders are all from one moment, so those behind the batch are as old.
    assert (letter.first_seq, letter.last_seq, letter.why) == (1, 5, "it answered 500")

    watch.forward(hours=1)
    assert push_to_partners() == 0
    with sessions.begin() as session:
        assert replay(session, account, after=1, now=watch.moment) == 4
    assert push_to_partners() == 1
    assert partner.seqs == [2, 3, 4, 5]
    with sessions() as session:
        [left] = dead_letters_of(session, account)
    assert (left.first_seq, left.last_seq) == (1, 1)


def test_a_replay_begins_where_it_was_asked_for(
    join: Join, sessions: sessionmaker[Session], watch: Watch
) -> None:
    account, partner = join(entries=5)
    push_to_partners()
    with sessions.begin() as session:
        replay(session, account, after=3, now=watch.moment)
        with pytest.raises(PartnerRefusedError, match="a replay begins at or before"):
            replay(session, account, after=6, now=watch.moment)
    push_to_partners()
    assert partner.seqs == [1, 2, 3, 4, 5, 4, 5]


def test_an_answer_that_was_under_way_counts_no_more_after_a_replay(
    join: Join, sessions: sessionmaker[Session], watch: Watch
) -> None:
    account, partner = join()
    push_to_partners()
    with sessions.begin() as session:
        replay(session, account, after=0, now=watch.moment)
        [claim] = claim_pushes(session, busy=(), limit=1, now=watch.moment)
        replay(session, account, after=0, now=watch.moment)
        assert claim_pushes(session, busy=(), limit=1, now=watch.moment) == []
        assert not settle_push(session, claim, Taken(), now=watch.moment)
    assert push_to_partners() == 1
    assert partner.seqs == [1, 2, 3, 1, 2, 3]


def test_a_slow_and_a_dead_partner_hold_up_nobody(
    join: Join, sessions: sessionmaker[Session]
) -> None:
    """Others are served, again and again, while one request is still open."""
    going = Event()
    _, slow = join("mobifone", answers=(Answer(hang=going),))
    _, dead = join("vinaphone", answers=(Answer(cut=True),) * 5)
    account, quick = join("viettel", entries=MOST_ENTRIES * 3)
    quick.heard = lambda rows: going.set() if rows[-1]["seq"] == MOST_ENTRIES * 3 else None

    assert push_to_partners() == 4
    assert quick.seqs == list(range(1, MOST_ENTRIES * 3 + 1))
    assert slow.seqs == [1, 2, 3]
    assert dead.taken == []
    assert standing(sessions, account).attempts == 0


def test_at_the_end_of_its_turn_a_job_serves_the_quick_until_the_slow_have_answered(
    join: Join, job_context: JobContext
) -> None:
    """Else everybody would wait for the slowest each time one job follows another."""
    _, quick = join()
    over = time.monotonic() - 3600
    slow: Future[PushAnswer] = Future()
    quick.heard = lambda _: slow.set_result(Taken())
    with ThreadPoolExecutor() as pool:
        assert Turn(job_context, pool, begun=over).run() == 0
        assert quick.ids == []

        turn = Turn(job_context, pool, begun=over)
        turn.under_way[slow] = (PushClaim(partner_id=0, claim=1, first=1, last=1), over)
        assert turn.run() == 1
    assert quick.seqs == [1, 2, 3]


def test_a_killed_worker_delays_a_batch_and_changes_nothing_of_it(
    join: Join, sessions: sessionmaker[Session], watch: Watch
) -> None:
    _, partner = join()
    with sessions.begin() as session:
        [claim] = claim_pushes(session, busy=(), limit=5, now=watch.moment)
    assert (claim.first, claim.last) == (1, 3)
    assert push_to_partners() == 0
    watch.forward(seconds=45)
    assert push_to_partners() == 1
    assert partner.ids == ["viettel-1-3"]


def test_both_secrets_sign_for_a_week_after_a_change(
    join: Join, sessions: sessionmaker[Session], sealer: Sealer, watch: Watch, broadcast_id: int
) -> None:
    account, partner = join()
    with sessions.begin() as session:
        draw_push_secret(
            session, session.get_one(Partner, account.id), sealer=sealer, now=watch.moment
        )
    assert push_to_partners() == 1
    assert len(partner.signatures[0].split()) == 2

    watch.forward(days=7)
    with sessions.begin() as session:
        again = session.get_one(Partner, account.id)
        a_told_feed(session, again, entries=1, broadcast_id=broadcast_id)
    assert push_to_partners() == 0
    assert (partner.unsigned, standing(sessions, account).failure) == (1, "it answered 401")


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1]:{port}/loa",
        "http://127.0.0.2:{port}/loa",
        "https://169.254.169.254/latest",
        "http://2130706434:{port}/loa",
    ],
)
def test_nothing_is_pushed_into_our_own_networks(
    join: Join, sessions: sessionmaker[Session], url: str
) -> None:
    """A name may lead elsewhere by the time it is asked for than when it was set."""
    account, partner = join()
    port = partner.url.rsplit(":", 1)[1].split("/")[0]
    with sessions.begin() as session:
        push_to(session, session.get_one(Partner, account.id), url.format(port=port), now=NOON)
    push_to_partners()
    assert "to which pushes may not go" in standing(sessions, account).failure
    assert partner.ids == []
