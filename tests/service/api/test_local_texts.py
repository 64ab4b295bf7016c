"""Local texts through the interface: what is open, filled in, missing, and why not."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from campaigns.definitions.canonical import canonical_json
from campaigns.people import Role
from campaigns.sealing import Sealer
from tests.builders import a_document, a_province
from tests.service.api.conftest import Program

Make = Callable[..., Program]
TEXTS = {"vi": "Lạng Sơn: Mời đi tiêm tại {local_place}. Hỏi đáp: {hotline}."}
PATH = "/campaigns/tiem-chung"


@pytest.fixture
def author(program: Make, session: Session, sealer: Sealer) -> Program:
    """An author whose campaign leaves every commune a place."""
    a_province(session, sealer, people=2)
    session.commit()
    author = program("lan", Role.AUTHOR)
    document = a_document(campaign="tiem-chung", texts=TEXTS)
    author.ask("PUT", PATH, data=canonical_json(document))
    return author


def test_communes_fill_in_what_is_missing_and_then_it_can_be_planned(
    author: Program, program: Make
) -> None:
    refused = author.post(f"{PATH}/plans", code=409, headers={"Accept-Language": "vi"})
    assert refused["type"].endswith("/empty-slot")
    assert "06184" in refused["detail"]
    assert "Đề nghị các xã" in refused["remedy"]
    editor = program("xa", Role.COMMUNE_EDITOR, areas=["20"])
    for area in ("06184", "06196"):
        filled = editor.ask(
            "PUT", f"{PATH}/local/{area}", json={"values": {"local_place": "Trạm y tế xã"}}
        )
        assert filled["missing"] == []
    local = author.get(f"{PATH}/local")
    assert list(local["slots"]) == ["local_place"]
    assert [(one["area"], one["texts"][0]["filled_by"]) for one in local["communes"]] == [
        ("06184", "xa"),
        ("06196", "xa"),
    ]
    assert local["communes"][0]["texts"][0]["filled_at"].endswith("+07:00")
    assert author.post(f"{PATH}/plans", code=201)["recipients"] == 4


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"local_place": "Xem bit.ly/abc"}, "local-text-refused"),
        ({"local_place": "Trạm\ny tế"}, "local-text-refused"),
        ({"local_place": "x" * 61}, "local-text-refused"),
        ({"local_hours": "7h"}, "unknown-slot"),
    ],
)
@pytest.mark.usefixtures("author")
def test_what_may_not_be_filled_in_is_refused_with_a_remedy(
    program: Make, values: dict[str, str], kind: str
) -> None:
    editor = program("xa", Role.COMMUNE_EDITOR, areas=["06196"])
    body = {"values": values}
    refused = editor.ask("PUT", f"{PATH}/local/06196", code=409, json=body)
    assert refused["type"].endswith(f"/{kind}")
    assert refused["remedy"]
    (own,) = editor.get(f"{PATH}/local")["communes"]
    assert (own["texts"], own["missing"]) == ([], ["local_place"])
    editor.ask("PUT", f"{PATH}/local/06196", code=422, json={"values": {}})
    editor.ask("PUT", f"{PATH}/local/06196", code=400, json={"values": {"\ud800": "7h"}})
    editor.ask("PUT", "/campaigns/x/local/06196", code=404, json={"values": {"local_place": "A"}})


def test_an_administrator_says_where_somebody_writes(author: Program, program: Make) -> None:
    """Their own areas they ask another for; what was said stands at once for every request."""
    admin = program("quantri", Role.ADMINISTRATOR, Role.COMMUNE_EDITOR)
    person = {"login": "xa", "name": "Xã", "agency": "UBND xã", "roles": ["commune_editor"]}
    assert admin.post("/people", person | {"areas": ["06196"]}, code=201)["areas"] == ["06196"]
    admin.post("/people", person | {"login": "y", "areas": ["99999"]}, code=404)
    assert "without an area" in admin.post("/people", person | {"login": "y"}, code=409)["detail"]
    changed = admin.ask("PATCH", "/people/xa", json={"areas": ["06184"]})
    assert changed["areas"] == ["06184"]
    admin.ask("PATCH", "/people/quantri", code=409, json={"areas": ["20"]})
    admin.ask("PATCH", f"/people/{author.login}", code=409, json={"areas": ["20"]})
    listed = {one["login"]: one["areas"] for one in admin.get("/people")["items"]}
    assert listed == {"lan": [], "quantri": [], "xa": ["06184"]}
    assert admin.get("/me")["areas"] == []
