"""A carrier that goes quiet, as whoever is on duty sees it: the log, the metrics, the interface.

Receipts come in by the door for receipts, signed, and go by the stream and the job of workers.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key
from campaigns.gateway import Accepted
from campaigns.people import Role
from campaigns.sealing import Sealer
from service.background import job_context
from service.carrier_accounts import callback_tokens
from service.queue_server import open_async_redis, open_redis
from service.settings import Settings
from service.twilio.gateway import CALLBACK_PATH
from service.twilio.signatures import sign
from service.web.app import create_app
from service.web.asgi import open_receipts_door, write_through
from service.web.group_commits import GroupCommit
from tests.builders import NOON, a_person, a_province
from tests.campaigns.partners.builders import a_day_of_texts
from tests.fakes.telephones import PUBLIC_URL, TOKEN, ClockedResources, ask_asgi
from tests.service.api.conftest import Program
from workers.carriers import watch_carriers
from workers.context import provide
from workers.receipts import drain_receipts

TEXTS = 24
METRICS = "a token that shows only tests"
AT_ANY_HOUR = {"class": "emergency", "window": {"hours": "00:00-24:00"}}


@dataclass
class Duty:
    """An installation whose carrier says more or less, and what is seen of that."""

    resources: ClockedResources
    sealer: Sealer
    key: str

    def go_on(self, *, heard: int) -> None:
        """Hand over texts, of which so many are heard of, and look at the carrier in time."""
        now = self.resources.now()
        with self.resources.sessions.begin() as session:
            sids = [f"SM{now:%d%H%M}x{number}" for number in range(1, TEXTS + 1)]
            answers = [Accepted(sid) for sid in sids]
            broadcast = a_day_of_texts(
                session, self.sealer, now=now, answers=answers, **AT_ANY_HOUR
            )
        asyncio.run(self._post(broadcast.id, sids[:heard]))
        assert drain_receipts() == heard
        self.resources.clock.moment += timedelta(minutes=20)
        assert [watch_carriers() for _ in range(2)] == [1, 0]

    async def _post(self, broadcast_id: int, sids: list[str]) -> None:
        settings = self.resources.settings
        commits = GroupCommit(
            open_async_redis(settings.redis_url),
            write_through=lambda reports: write_through(self.resources, reports),
        )
        door = open_receipts_door(settings, commits)
        for position, sid in enumerate(sids, start=1):
            path = CALLBACK_PATH + callback_tokens(settings).make(broadcast_id, position)
            form = {"MessageSid": sid, "MessageStatus": "delivered"}
            signed = {"X-Twilio-Signature": sign(PUBLIC_URL + path, form.items(), TOKEN)}
            answer = await ask_asgi(door, path, urlencode(form).encode(), signed)
            assert answer.status == 204
        await commits.close()

    def sees(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        """Return what the log says of carriers since it was looked at last."""
        said = [one.getMessage() for one in caplog.records if one.name == watch_carriers.__module__]
        caplog.clear()
        return said

    def metrics(self) -> dict[tuple[str, ...], float]:
        """Return what is measured of carriers, by the values of its labels."""
        web = create_app(self.resources).test_client()
        answer = web.get("/metrics", headers={"Authorization": f"Bearer {METRICS}"})
        return {
            tuple(sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
            if sample.name in {"loa_carrier_quiet", "loa_carrier_texts"}
        }

    def interface(self) -> Any:
        """Return what operators' programs are told of carriers today."""
        return Program(create_app(self.resources), "kt", self.key).get("/carriers")


@pytest.fixture
def duty(
    engine: Engine,
    sessions: sessionmaker[Session],
    sealer: Sealer,
    data_dir: Path,
    *,
    valkey_url: str,
) -> Iterator[Duty]:
    settings = Settings.model_validate(
        {
            "data_dir": data_dir,
            "redis_url": valkey_url,
            "metrics_token": METRICS,
            "secret_key": "a secret that signs only the tokens of tests",
            "public_url": PUBLIC_URL,
            "loopback_account_sid": "AC" + "0" * 32,
            "loopback_auth_token": TOKEN,
        }
    )
    with sessions.begin() as session:
        a_province(session, sealer, people=TEXTS // 2)
        key = add_key(session, a_person(session, "kt", Role.AUDITOR), name="k", scopes=(), now=NOON)
    resources = ClockedResources(settings, engine, sessions, sealer)
    with open_redis(valkey_url) as redis:
        provide(job_context(resources, redis, worker="worker-1"))
        yield Duty(resources, sealer, key.text)
        provide(None)


@pytest.mark.parametrize(("heard", "verdict"), [(3, "quiet"), (0, "stopped")])
def test_a_carrier_that_goes_quiet_is_an_alarm_everywhere_until_receipts_come_again(
    duty: Duty, caplog: pytest.LogCaptureFixture, heard: int, verdict: str
) -> None:
    """The same is said in all three places, once in the log, and taken back in all three."""
    duty.go_on(heard=TEXTS)
    assert (duty.sees(caplog), duty.interface()["quiet"]) == ([], [])

    duty.go_on(heard=heard)
    said = f"viettel: {heard} of its last 24 texts were heard of in time; usually it is 100 in 100"
    assert duty.sees(caplog) == [f"a carrier is {verdict}: {said}"]
    assert duty.metrics() == {
        ("viettel", "yes"): heard,
        ("viettel", "no"): TEXTS - heard,
        ("viettel", verdict): 1,
    }
    interface = duty.interface()
    assert [(one["verdict"], one["sentence"]) for one in interface["quiet"]] == [(verdict, said)]
    assert sum(hour["handset"]["texts"] for hour in interface["hours"]) == TEXTS + heard

    duty.go_on(heard=TEXTS)
    assert duty.sees(caplog) == ["the alarm about a carrier has ended: viettel"]
    assert duty.metrics() == {("viettel", "yes"): TEXTS, ("viettel", "no"): 0}
    assert duty.interface()["quiet"] == []
