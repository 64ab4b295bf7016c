"""Figures of the day over the interface."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from campaigns.people import Role
from tests.builders import NOON
from tests.fakes.telephones import Clock
from tests.service.api.conftest import Program

Make = Callable[..., Program]
GIVEN: dict[str, Any] = {
    "as_of": "2026-03-02T11:00:00+07:00",
    "source": "Sở Y tế",
    "figures": {"cases_today": 12},
}


def test_the_health_department_delivers_and_everybody_sees(program: Make, clock: Clock) -> None:
    owner, author = program("syt", Role.HEALTH_DATA_OWNER), program("lan", Role.AUTHOR)
    assert author.get("/figures") == {"due_on": "2026-03-01", "quoted": None, "days": []}
    kept = owner.ask("PUT", "/figures/2026-03-02", json=GIVEN)
    assert kept == {"day": "2026-03-02", **GIVEN}
    assert author.get("/figures")["quoted"] == "2026-03-02"
    author.ask("PUT", "/figures/2026-03-02", json=GIVEN, code=403)
    clock.moment = NOON + timedelta(days=1, hours=3)
    assert author.get("/figures")["quoted"] is None
    assert author.get("/figures")["days"][0]["figures"] == {"cases_today": 12}


@pytest.mark.parametrize(
    ("day", "changes", "code"),
    [
        ("2026-3-2", {}, 409),
        ("2026-03-03", {}, 409),
        ("2026-03-02", {"figures": {"rumours": 1}}, 409),
        ("2026-03-02", {"figures": {"cases_today": -1}}, 422),
        ("2026-03-02", {"figures": {}}, 422),
        ("2026-03-02", {"as_of": "2026-03-02T11:00:00"}, 422),
        ("2026-03-02", {"source": "\x00"}, 422),
    ],
)
def test_what_is_no_figure_is_refused(
    program: Make, day: str, changes: dict[str, Any], code: int
) -> None:
    owner = program("syt", Role.HEALTH_DATA_OWNER)
    owner.ask("PUT", f"/figures/{day}", json=GIVEN | changes, code=code)
    assert owner.get("/figures")["days"] == []
