"""Pulling: a partner reads its whole feed, page after page, as NDJSON with gzip.

Ours is the web as it runs everywhere, with one program that asks, and with one that asks for two
stretches at a time; the peer is plain Flask and SQLAlchemy on the same rows, with pages as an API
of this kind usually has them.
"""

import asyncio
import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import orjson
from sqlalchemy import Engine, text

from benchmarks.clients import Connection
from benchmarks.databases import fresh_database
from benchmarks.interface import a_peer, a_web, median_of
from benchmarks.interface_rows import fill
from benchmarks.naive import SECRET
from campaigns.partners.accounts import add_partner
from campaigns.partners.keys import add_partner_key
from campaigns.sealing import Sealer
from service.database import open_engine, open_sessions

ROWS = 500_000
PEER_ROWS = 5_000
PAGE = 20_000
PEER_PAGE = 1000
_PEOPLE = 1000
_FEED = """
INSERT INTO partner_feed (partner_id, seq, broadcast_id, position, before, state, code, sid,
                          segments, carrier_guess, carrier_actual, day, at)
SELECT :partner, n, :broadcast, n / 3,
       (ARRAY['', 'planned', 'submitted'])[1 + n % 3],
       (ARRAY['planned', 'submitted', 'handset'])[1 + n % 3],
       '', CASE WHEN n % 3 = 0 THEN '' ELSE 'SM' || md5((n / 3)::text) END, 1 + n % 2,
       'viettel', '', CASE WHEN n % 3 = 0 THEN NULL ELSE CURRENT_DATE END,
       now() + (n / 10) * interval '1 millisecond'
FROM generate_series(1, :rows) AS n
"""


def measure(*, postgresql: str, runs: int) -> dict[str, float]:
    """Return rows/s that one partner reads: from ours, in two stretches at a time, the peer's."""
    with fresh_database("postgresql", postgresql) as database:
        engine = open_engine(database)
        key, operators_key = _fill(engine)
        engine.dispose()
        with a_web(database) as port, a_peer(database) as peer_port:
            ours = [asyncio.run(_pull(port, key, PAGE, ROWS)) for _ in range(runs)]
            in_two = [asyncio.run(_pull(port, key, PAGE, ROWS, stretches=2)) for _ in range(runs)]
            peers = [
                asyncio.run(_pull(peer_port, operators_key, PEER_PAGE, PEER_ROWS))
                for _ in range(runs)
            ]
    return {
        "per_s": median_of(ours),
        "in_two_per_s": median_of(in_two),
        "peer_per_s": median_of(peers),
    }


def _fill(engine: Engine) -> tuple[str, str]:
    broadcast, keys = fill(engine, _PEOPLE, 1, sealer=Sealer(SECRET.encode()))
    with open_sessions(engine).begin() as session:
        now = datetime.now(UTC)
        partner = add_partner(session, "viettel-ls", carriers=["viettel"], now=now)
        partner.last_seq = ROWS
        session.flush()
        told = {"partner": partner.id, "broadcast": broadcast, "rows": ROWS}
        session.execute(text(_FEED), told)
        key = add_partner_key(session, partner, now=now).text
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE partner_feed"))
    return key, keys[0]


async def _pull(port: int, key: str, page: int, rows: int, *, stretches: int = 1) -> float:
    """Read entries 1 to *rows*, *page* at a time, and return how many a second."""

    async def read(after: int, last: int) -> None:
        connection = Connection(port)
        while after < last:
            lines = (await connection.ask(_request(key, after, page))).splitlines()
            newest: dict[str, Any] = orjson.loads(lines[-1])
            if newest["seq"] != after + len(lines):
                raise RuntimeError(f"{len(lines)} rows after {after} end with {newest['seq']}")
            after = newest["seq"]

    ends = [rows * number // stretches // page * page for number in range(stretches)] + [rows]
    begun = time.perf_counter()
    await asyncio.gather(*(read(after, last) for after, last in pairwise(ends)))
    return rows / (time.perf_counter() - begun)


def _request(key: str, after: int, page: int) -> bytes:
    return (
        f"GET /partner/v1/receipts?after={after}&limit={page} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {key}\r\nAccept: application/x-ndjson\r\n"
        "Accept-Encoding: gzip, deflate\r\n\r\n"
    ).encode()
