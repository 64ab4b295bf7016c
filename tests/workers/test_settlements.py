"""Jobs: days are settled in turn, and quiet carriers are told of once."""

import pytest
from sqlalchemy.orm import Session, sessionmaker

from campaigns.gateway import Accepted
from campaigns.partners.settlements import list_settlements
from campaigns.sealing import Sealer
from tests.builders import a_province
from tests.campaigns.partners.builders import a_day_of_texts, a_partner
from tests.workers.conftest import Watch
from workers.carriers import watch_carriers
from workers.settlements import settle_partners


@pytest.mark.usefixtures("job_context")
def test_days_that_were_missed_are_settled_when_work_goes_on(
    sessions: sessionmaker[Session], sealer: Sealer, watch: Watch
) -> None:
    with sessions.begin() as session:
        a_province(session, sealer, people=2)
        partner = a_partner(session)
        answers = [Accepted(f"SM{number}") for number in range(4)]
        a_day_of_texts(session, sealer, now=watch(), answers=answers)
    watch.forward(days=3)
    assert settle_partners() == 4
    assert settle_partners() == 0
    with sessions() as session:
        made = list_settlements(session, partner, limit=9)
    assert [len(one.lines) for one in made] == [0, 1, 0, 0]


@pytest.mark.usefixtures("job_context")
def test_a_carrier_that_goes_quiet_is_told_of_once(
    sessions: sessionmaker[Session],
    sealer: Sealer,
    *,
    watch: Watch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with sessions.begin() as session:
        a_province(session, sealer, people=12)
        answers = [Accepted(f"SM{number}") for number in range(24)]
        a_day_of_texts(session, sealer, now=watch(), answers=answers)
    watch.forward(minutes=20)
    assert watch_carriers() == 1
    assert watch_carriers() == 0
    said = "a carrier is stopped: viettel: 0 of its last 24 texts were heard of in time"
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [said]
    watch.forward(hours=2)
    assert watch_carriers() == 0
    assert len(caplog.records) == 1
