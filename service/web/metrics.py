"""Metrics for Prometheus: queues, texts, receipts, turns and failed jobs; no number in any."""

import hmac
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import DatabaseError

from campaigns.broadcasts.watching import TextCount, count_texts
from campaigns.carriers.quiet import CarrierStretch, Quiet, last_looks, quiet_carriers
from campaigns.partners.push_figures import PushFigures, draw_push_figures
from service.database import reading
from service.resources import Resources, open_queue
from service.web.turn_times import BOUNDS, TurnTimes, read_turn_times
from workers.vitals import Vitals, read_vitals

# Counting a million deliveries takes a while: whoever asks more often is told the same.
_COUNTED_EVERY_S = 10.0
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Counts:
    """What the database tells: texts, the last look at each carrier, who is quiet, and pushes."""

    texts: Sequence[TextCount] = ()
    carriers: Sequence[CarrierStretch] = ()
    quiet: Sequence[Quiet] = ()
    pushes: Sequence[PushFigures] = ()


class Metrics:
    """Everything that is measured, drawn up when it is asked for."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._lock = threading.Lock()
        self._counts = Counts()
        self._counted_at = float("-inf")
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def answer(self) -> Response:
        """Answer whoever shows the token; without one in the settings, nobody."""
        token = self._resources.settings.metrics_token.get_secret_value()
        given = request.headers.get("Authorization", "")
        if not token or not hmac.compare_digest(given.encode(), f"{_BEARER}{token}".encode()):
            said = "Send `Authorization: Bearer` with what LOA_METRICS_TOKEN is set to.\n"
            asks = {"WWW-Authenticate": 'Bearer realm="metrics"'}
            return Response(said, 401, headers=asks, mimetype="text/plain")
        return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; what a server that is away would tell is left out."""
        try:
            counts = self._count()
        except DatabaseError:
            yield _is_up("database", 0)
        else:
            yield _is_up("database", 1)
            yield _texts(counts.texts)
            yield _heard(counts.carriers)
            yield _quiet(counts.quiet)
            yield from _pushes(counts.pushes, now=self._resources.now())
        try:
            with open_queue(self._resources.settings, waits=False) as redis:
                vitals, times = self._ask(redis)
        except RedisError:
            yield _is_up("queue_server", 0)
        else:
            yield _is_up("queue_server", 1)
            yield from _queues(vitals)
            yield _turns(times)

    def describe(self) -> Iterable[Metric]:
        """Spare the registry a round of counting when it takes this in."""
        return ()

    def _ask(self, redis: Redis) -> tuple[Vitals, TurnTimes]:
        return read_vitals(redis, now=self._resources.now()), read_turn_times(redis)

    def _count(self) -> Counts:
        now = self._resources.now()
        with self._lock:
            if time.monotonic() - self._counted_at > _COUNTED_EVERY_S:
                with reading(self._resources.sessions) as session:
                    self._counts = Counts(
                        count_texts(session, now=now),
                        last_looks(session, now=now),
                        quiet_carriers(session, now=now),
                        draw_push_figures(session),
                    )
                self._counted_at = time.monotonic()
            return self._counts


def _is_up(server: str, value: int) -> Metric:
    said = f"Whether the {server.replace('_', ' ')} answers"
    return GaugeMetricFamily(f"loa_{server}_up", said, value=value)


def _texts(counts: Iterable[TextCount]) -> Metric:
    texts = GaugeMetricFamily(
        "loa_texts",
        "Texts of broadcasts of the last day, by lane and state",
        labels=("lane", "state", "reason"),
    )
    for one in counts:
        texts.add_metric((one.lane, one.state, one.reason), one.texts)
    return texts


def _pushes(figures: Iterable[PushFigures], *, now: datetime) -> Iterator[Metric]:
    by = ("partner",)
    waiting = GaugeMetricFamily(
        "loa_push_waiting", "Entries that a partner has not taken", labels=by
    )
    lag = GaugeMetricFamily("loa_push_lag_seconds", "Age of the oldest of them", labels=by)
    failing = GaugeMetricFamily(
        "loa_push_failing_seconds", "For how long a partner has taken nothing", labels=by
    )
    off = GaugeMetricFamily("loa_push_off", "Whether pushing is switched off", labels=by)
    dead = GaugeMetricFamily("loa_push_given_up", "Entries given up after three days", labels=by)
    for one in figures:
        name = (one.partner,)
        waiting.add_metric(name, one.waiting)
        lag.add_metric(name, _seconds(one.waiting_since, now))
        failing.add_metric(name, _seconds(one.failing_since, now))
        off.add_metric(name, one.is_off)
        dead.add_metric(name, one.given_up)
    yield from (waiting, lag, failing, off, dead)


def _seconds(since: datetime | None, now: datetime) -> float:
    return (now - since).total_seconds() if since else 0.0


def _heard(looks: Iterable[CarrierStretch]) -> Metric:
    heard = GaugeMetricFamily(
        "loa_carrier_texts",
        "Texts of the last ten minutes that were looked at, ten minutes later, by carrier",
        labels=("carrier", "heard"),
    )
    for look in looks:
        heard.add_metric((look.carrier, "yes"), look.heard)
        heard.add_metric((look.carrier, "no"), look.texts - look.heard)
    return heard


def _quiet(carriers: Iterable[Quiet]) -> Metric:
    alarms = GaugeMetricFamily(
        "loa_carrier_quiet",
        "Carriers from which fewer receipts come than usual, or none at all",
        labels=("carrier", "verdict"),
    )
    for quiet in carriers:
        alarms.add_metric((quiet.carrier, quiet.verdict.value), 1)
    return alarms


def _queues(vitals: Vitals) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("loa_queue_jobs", "Jobs that wait", labels=("queue",))
    ages = GaugeMetricFamily(
        "loa_queue_oldest_job_seconds", "Age of the job that waits longest", labels=("queue",)
    )
    for name, (count, age) in vitals.jobs.items():
        jobs.add_metric((name,), count)
        ages.add_metric((name,), age)
    failed = CounterMetricFamily("loa_jobs_failed", "Jobs ended by an error", labels=("job",))
    for name, count in vitals.failed_jobs.items():
        failed.add_metric((name,), count)
    answered = GaugeMetricFamily(
        "loa_carrier_last_success_timestamp_seconds",
        "When the lane's carrier last took a text",
        labels=("lane",),
    )
    for lane, at in vitals.answered_at.items():
        answered.add_metric((lane,), at.timestamp())
    waiting = GaugeMetricFamily("loa_receipts_waiting", "Groups of receipts not yet in the tables")
    waiting.add_metric((), vitals.receipts)
    lag = GaugeMetricFamily("loa_receipts_lag_seconds", "Age of the oldest of them")
    lag.add_metric((), vitals.receipts_lag_s)
    yield from (jobs, ages, failed, answered, waiting, lag)


def _turns(times: TurnTimes) -> Metric:
    turns = HistogramMetricFamily("loa_turn_seconds", "How long callers waited for a turn")
    seen, buckets = 0, []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), times.counts, strict=True):
        seen += count
        buckets.append((bound, float(seen)))
    turns.add_metric((), buckets, sum_value=times.total_s)
    return turns
