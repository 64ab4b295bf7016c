"""Areas and levels through the interface: whole trees, recodings and decisions, or nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaigns.people import Role
from campaigns.sealing import Sealer
from campaigns.subscribers.models import Subscriber
from service.api.areas import LARGEST_TREE, MOST_AREAS
from tests.builders import a_province
from tests.service.api.conftest import Program

Make = Callable[..., Program]
MERGED = {"code": "06999", "name": "Ba Sơn", "kind": "xã", "parent": "20"}


@pytest.fixture
def admin(program: Make, session: Session, sealer: Sealer) -> Program:
    a_province(session, sealer, people=2)
    session.commit()
    return program("quantri", Role.ADMINISTRATOR)


def test_a_tree_is_taken_over_and_people_follow_their_new_code(
    admin: Program, session: Session
) -> None:
    tree = {"areas": [MERGED | {"valid_from": "2026-01-01", "tags": "border_gate"}]}
    loaded = admin.post("/areas", tree)
    assert loaded == {"added": 1, "changed": 0, "unchanged": 0}
    assert admin.post("/areas", tree)["unchanged"] == 1
    new = next(one for one in admin.get("/areas")["items"] if one["code"] == "06999")
    assert (new["name"], new["tags"]) == ("Ba Sơn", ["border_gate"])
    moves = {"recodings": [{"old": "06196", "new": "06999", "on": "2026-02-01"}]}
    (done,) = admin.post("/areas/recodings", moves)["items"]
    assert (done["moved"], done["is_known"]) == (2, False)
    assert admin.post("/areas/recodings", moves)["items"][0]["is_known"]
    session.expire_all()
    assert session.query(Subscriber).filter_by(area_code="06999").count() == 2


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/areas", {"areas": [MERGED | {"valid_from": "2026-01-01", "parent": "99"}]}, "06999"),
        (
            "/areas/recodings",
            {"recodings": [{"old": "06196", "new": "77777", "on": "2026-02-01"}]},
            "Line 1",
        ),
    ],
)
def test_one_wrong_row_and_nothing_is_kept(
    admin: Program, path: str, body: dict[str, Any], said: str
) -> None:
    before = admin.get("/areas")
    assert said in admin.post(path, body, code=409)["detail"]
    assert admin.get("/areas") == before


def test_decisions_are_recorded_together_or_not_at_all(admin: Program, program: Make) -> None:
    owner = program("syt", Role.HEALTH_DATA_OWNER)
    decision = {
        "level": 2,
        "effective_at": "2026-03-03T06:00:00+07:00",
        "document": "1825/QĐ-UBND",
    }
    both = [decision | {"area": "06196"}, decision | {"area": "99999"}]
    owner.post("/levels", {"decisions": both}, code=404)
    assert len(owner.get("/areas/06196/levels")["items"]) == 1
    kept = owner.post("/levels", {"decisions": both[:1]}, code=201)["items"]
    assert [one["area"] for one in kept] == ["06196"]
    assert len(owner.get("/areas/06196/levels")["items"]) == 2
    admin.post("/levels", {"decisions": both[:1]}, code=403)


def test_a_country_with_all_of_its_communes_is_taken_over_at_once(admin: Program) -> None:
    """63 provinces, 705 districts and 10,599 communes, as there were in 2024."""
    counts = (63, 705, 10_599)
    codes = [[f"{rank}{number:05}" for number in range(count)] for rank, count in enumerate(counts)]
    rows = [
        {
            "code": code,
            "name": f"Đơn vị hành chính số {code}",
            "kind": ("tỉnh", "huyện", "xã")[rank],
            "parent": codes[rank - 1][number % counts[rank - 1]] if rank else "",
            "valid_from": "2024-01-01",
            "valid_to": "2025-06-30",
            "tags": "",
        }
        for rank, level in enumerate(codes)
        for number, code in enumerate(level)
    ]
    assert admin.post("/areas", {"areas": rows})["added"] == sum(counts)
    too_many = {"areas": [rows[0]] * (MOST_AREAS + 1)}
    assert admin.post("/areas", too_many, code=422)["errors"][0]["field"] == "areas"
    too_large = b" " * (LARGEST_TREE + 1)
    headers = {"Content-Type": "application/json"}
    refused = admin.ask("POST", "/areas", code=413, data=too_large, headers=headers)
    assert refused["type"] == "/api/problems/too-large"


def test_what_is_not_a_tree_may_be_no_larger_than_usual(admin: Program) -> None:
    headers = {"Content-Type": "application/json"}
    large = b" " * (2 * 1024 * 1024)
    admin.ask("POST", "/areas/recodings", code=413, data=large, headers=headers)
