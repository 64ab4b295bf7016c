"""The job that pushes to partners: all who are due at the same time, each at its own pace."""

import logging
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.errors import SealBrokenError
from campaigns.partners.endpoints import PartnerEndpoint, secrets_of
from campaigns.partners.models import Partner
from campaigns.partners.push_gateway import Failed, Push, PushAnswer, Taken
from campaigns.partners.pushing import PushClaim, claim_pushes, due_partners, settle_push
from campaigns.partners.reading import Row, Wanted, read_feed
from campaigns.partners.references import References
from workers.context import JobContext, context

# More partners than there are mobile networks by far.
MOST_AT_ONCE = 64
_LOOK_EVERY_S = 0.1
# Then the job makes way for the next one, which is what lets a worker be stopped.
_TURN_S = 30.0
_SLOW_S = 1.0

log = logging.getLogger(__name__)


def push_to_partners() -> int:
    """Push whatever is due, and what becomes due meanwhile; return how many batches were taken.

    A partner that is slow to answer holds up nobody: the others go on beside it.
    """
    with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="push") as pool:
        return Turn(context(), pool).run()


@dataclass(slots=True)
class Turn:
    """One run of the job: what is under way since when, and who was slow in it."""

    ctx: JobContext
    pool: ThreadPoolExecutor
    begun: float = field(default_factory=time.monotonic)
    under_way: dict[Future[PushAnswer], tuple[PushClaim, float]] = field(default_factory=dict)
    slow: set[int] = field(default_factory=set)
    taken: int = 0

    def run(self) -> int:
        """Push until nothing is due or the turn is over; return how many batches were taken."""
        while True:
            if self._may_begin_more():
                self._begin()
            if not self.under_way:
                return self.taken
            done, _ = wait(self.under_way, _LOOK_EVERY_S, FIRST_COMPLETED)
            self._end(done)

    def _may_begin_more(self) -> bool:
        """Whether there is time for more: at the end of a turn, for as long as a slow one lasts."""
        now = time.monotonic()
        if now - self.begun < _TURN_S:
            return True
        return any(now - since > _SLOW_S for _, since in self.under_way.values())

    def _begin(self) -> None:
        """Take on everybody who is due; at the end of the turn nobody who was slow in it."""
        ctx, now = self.ctx, self.ctx.now()
        busy = {claim.partner_id for claim, _ in self.under_way.values()}
        if time.monotonic() - self.begun >= _TURN_S:
            busy |= self.slow
        with ctx.reading() as session:
            if not session.scalar(select(due_partners(busy=busy, now=now).exists())):
                return
        with ctx.sessions.begin() as session:
            free = MOST_AT_ONCE - len(self.under_way)
            claims = claim_pushes(session, busy=busy, limit=free, now=now)
        with ctx.reading() as session:
            for claim in claims:
                self.under_way[self._send(session, claim)] = (claim, time.monotonic())

    def _send(self, session: Session, claim: PushClaim) -> Future[PushAnswer]:
        try:
            return self.pool.submit(self.ctx.pushes.send, _read(self.ctx, session, claim))
        except SealBrokenError:
            # One damaged secret must not keep everybody else from being pushed to.
            unreadable: Future[PushAnswer] = Future()
            unreadable.set_result(Failed("its secret does not open with LOA_SEAL_KEY"))
            return unreadable

    def _end(self, done: Iterable[Future[PushAnswer]]) -> None:
        """Settle what was answered, all at once and in the order of the partners."""
        ended = []
        for one in done:
            claim, since = self.under_way.pop(one)
            if time.monotonic() - since > _SLOW_S:
                self.slow.add(claim.partner_id)
            ended.append((claim, one.result()))
        if not ended:
            return
        with self.ctx.sessions.begin() as session:
            for claim, answer in sorted(ended, key=lambda one: one[0].partner_id):
                counts = settle_push(session, claim, answer, now=self.ctx.now())
                self.taken += counts and isinstance(answer, Taken)
                if isinstance(answer, Failed):
                    log.warning("push to partner %s failed: %s", claim.partner_id, answer.why)


def _read(ctx: JobContext, session: Session, claim: PushClaim) -> Push:
    """Read the entries of *claim*, as a partner would that pulls them."""
    partner = session.get_one(Partner, claim.partner_id)
    endpoint = session.get_one(PartnerEndpoint, claim.partner_id)
    wanted = Wanted(after=claim.first - 1, limit=claim.last - claim.first + 1)
    references, rows = References(ctx.sealer, partner.id), list[Row]()
    read_feed(session, partner, wanted, references=references, take=rows.extend)
    return Push(
        partner=partner.name,
        url=endpoint.url,
        secrets=secrets_of(endpoint, sealer=ctx.sealer, now=ctx.now()),
        first=claim.first,
        last=claim.last,
        rows=rows,
    )
