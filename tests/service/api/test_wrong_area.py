"""Every address that does something to an area, asked by the commune editor of another one."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from campaigns.access.permissions import GRANTS, Permission
from campaigns.definitions.canonical import canonical_json
from campaigns.people import Role
from campaigns.revisions import keep_revision
from campaigns.sealing import Sealer
from service.schema import load_metadata
from tests.builders import NOON, a_document, a_province
from tests.service.api.conftest import Program
from tests.service.api.test_access import addresses

Make = Callable[..., Program]
OWN, OTHER = "06184", "06196"
TEXTS = {
    "vi": "Lạng Sơn: Mời đi tiêm tại {local_place}, {local_hours}. Hỏi đáp: {hotline}.",
}
DECISION = {"level": 2, "effective_at": "2026-03-03T06:00:00+07:00", "document": "1/QĐ-UBND"}
AREA = {"code": OTHER, "name": "Khác", "kind": "xã", "parent": "20", "valid_from": "2025-07-01"}
FILLED = {"values": {"local_place": "Trạm y tế xã"}}
# What is asked for another's area: by whom it is done, in what address, with what.
TOUCHING: dict[str, tuple[Role, str, dict[str, Any]]] = {
    "PUT /campaigns/{slug}/local/{area}": (
        Role.COMMUNE_EDITOR,
        f"/campaigns/tiem-chung/local/{OTHER}",
        {"json": FILLED},
    ),
    "POST /areas": (Role.ADMINISTRATOR, "/areas", {"json": {"areas": [AREA]}}),
    "POST /areas/recodings": (
        Role.ADMINISTRATOR,
        "/areas/recodings",
        {"json": {"recodings": [{"old": OTHER, "new": OWN, "on": "2026-02-01"}]}},
    ),
    "POST /areas/{code}/levels": (
        Role.HEALTH_DATA_OWNER,
        f"/areas/{OTHER}/levels",
        {"json": DECISION},
    ),
    "POST /levels": (
        Role.HEALTH_DATA_OWNER,
        "/levels",
        {"json": {"decisions": [DECISION | {"area": OTHER}]}},
    ),
    "POST /subscribers/imports": (
        Role.SENDER,
        "/subscribers/imports",
        {"data": f"phone,area\n0961234515,{OTHER}\n", "query_string": {"name": "x.csv"}},
    ),
    "PATCH /people/{login}": (
        Role.ADMINISTRATOR,
        "/people/xa",
        {"json": {"areas": [OTHER]}},
    ),
    "POST /people": (
        Role.ADMINISTRATOR,
        "/people",
        {
            "json": {
                "login": "moi",
                "name": "Mới",
                "agency": "A",
                "roles": ["commune_editor"],
                "areas": [OTHER],
            }
        },
    ),
    "PUT /campaigns/{slug}": (
        Role.AUTHOR,
        "/campaigns/moi",
        {"data": canonical_json(a_document(campaign="moi"))},
    ),
}
# An address with one of these could be about an area.
AREA_ARGUMENTS = {"area", "code"}
# Levels are everybody's to read, and these codes are answers'.
OF_NO_AREA = {
    "GET /areas/{code}/levels",
    "GET /hotline/answers/{code}/versions",
    "POST /hotline/answers/{code}/approve",
}


def written(rule: Rule, method: str) -> str:
    path = rule.rule.removeprefix("/api/v1")
    for argument in rule.arguments:
        begins = path[: path.index(f"{argument}>")].rindex("<")
        path = path[:begins] + "{" + argument + "}" + path[path.index(">", begins) + 1 :]
    return f"{method} {path}"


def everything(session: Session) -> dict[str, list[str]]:
    """Return every row of every table but keys, whose use is noted."""
    session.expire_all()
    return {
        table.name: sorted(map(repr, session.execute(select(table))))
        for table in load_metadata().sorted_tables
        if table.name != "api_keys"
    }


@pytest.fixture
def province(session: Session, sealer: Sealer) -> Session:
    """Two communes, and a campaign that leaves them a place and hours."""
    a_province(session, sealer, people=1)
    document = a_document(campaign="tiem-chung", texts=TEXTS)
    keep_revision(session, document, author="tacgia", revise=False, now=NOON)
    session.commit()
    return session


def test_no_address_that_names_an_area_is_forgotten(app: Flask) -> None:
    """Whoever adds one says here how another's area is asked for, or that it is none."""
    known = {written(rule, method): rule for rule, method, _ in addresses(app)}
    of_areas = {said for said, rule in known.items() if AREA_ARGUMENTS & rule.arguments}
    assert of_areas == {said for said in TOUCHING if "{area}" in said or "{code}" in said} | (
        OF_NO_AREA
    )
    assert known.keys() >= TOUCHING.keys()
    needs = {written(rule, method): needed for rule, method, needed in addresses(app)}
    assert {needs[said] for said in TOUCHING} >= {
        Permission.AREAS_WRITE,
        Permission.LEVELS_DECIDE,
        Permission.SUBSCRIBERS_IMPORT,
        Permission.CAMPAIGNS_LOCALISE,
    }
    for said, (role, _, _) in TOUCHING.items():
        assert needs[said] in GRANTS[role]


@pytest.mark.parametrize("said", TOUCHING)
def test_the_editor_of_another_commune_changes_nothing(
    program: Make, province: Session, said: str
) -> None:
    """The very request is refused from them that is carried out for whoever may."""
    able, path, body = TOUCHING[said]
    editor = program("xa", Role.COMMUNE_EDITOR, areas=[OWN])
    somebody = program("ai", able, areas=[OTHER] if able is Role.COMMUNE_EDITOR else [])
    before = everything(province)
    editor.ask(said.partition(" ")[0], path, code=403, **body)
    assert everything(province) == before
    done = {"POST /subscribers/imports": 202, "POST /areas": 200, "POST /areas/recodings": 200}
    usual = 201 if said.startswith("POST") else 200
    somebody.ask(said.partition(" ")[0], path, code=done.get(said, usual), **body)
    assert everything(province) != before


@pytest.mark.parametrize("role", Role)
def test_no_role_opens_another_commune_to_an_editor(
    program: Make, province: Session, role: Role
) -> None:
    """Neither alone nor together with an editor's own."""
    path = f"/campaigns/tiem-chung/local/{OTHER}"
    alone = program("motvai", role)
    both = program("haivai", role, Role.COMMUNE_EDITOR, areas=[OWN])
    before = everything(province)
    for asking in (alone, both):
        asking.ask("PUT", path, code=403, json=FILLED)
        asking.ask("PUT", path.replace(OTHER, "20"), code=403, json=FILLED)
        asking.ask("PUT", path.replace(OTHER, "99999"), code=403, json=FILLED)
    assert everything(province) == before
    both.ask("PUT", path.replace(OTHER, OWN), json=FILLED)


@pytest.mark.usefixtures("province")
def test_an_editor_reads_local_texts_of_their_own_commune_alone(program: Make) -> None:
    """Whoever else reads campaigns, reads all of them, for they have to sign or answer for them."""
    path = "/campaigns/tiem-chung"
    for area in (OWN, OTHER):
        editor = program(f"xa{area}", Role.COMMUNE_EDITOR, areas=[area])
        values = {"local_place": f"Nhà văn hóa {area}", "local_hours": "7h-11h"}
        editor.ask("PUT", f"{path}/local/{area}", json={"values": values})
    plan = program("lan", Role.AUTHOR).post(f"{path}/plans", code=201)["plan"]
    for role in (one for one in Role if Permission.CAMPAIGNS_READ in GRANTS[one]):
        alone = role is Role.COMMUNE_EDITOR
        asking = program(f"vai-{role}".replace("_", "-"), role, areas=[OWN] if alone else [])
        seen = {OWN} if alone else {OWN, OTHER}
        local = asking.get(f"{path}/local")
        assert {one["area"] for one in local["communes"]} == seen
        for summary in (
            asking.post(f"{path}/dry-run"),
            asking.get(f"/plans/{plan}")["summary"],
        ):
            assert {one["area"] for one in summary["samples"]} == seen
    nowhere = program("moi", Role.COMMUNE_EDITOR)
    assert nowhere.get(f"{path}/local")["communes"] == []
