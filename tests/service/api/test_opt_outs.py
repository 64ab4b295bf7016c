"""Opt-outs and the inbox over the interface."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audit import AuditEntry
from campaigns.base import Base
from campaigns.people import Role
from campaigns.sealing import Sealer
from tests.builders import a_phone, a_subscriber
from tests.hotline.inbound.builders import Writer, a_desk_of_answers
from tests.service.api.conftest import Program

Make = Callable[..., Program]


def test_a_program_hands_over_a_list_of_opt_outs(
    program: Make, session: Session, sealer: Sealer
) -> None:
    """The same request again, with its own key, is answered alike."""
    phones = [a_phone() for _ in range(3)]
    for phone in phones[:2]:
        a_subscriber(session, sealer, area="06196", phone=phone)
    session.commit()
    sender = program("gui", Role.SENDER)
    body = {"phones": [*phones, "1022"], "source": "biên bản"}
    for _ in range(2):
        said = sender.post(
            "/subscribers/opt-out-list", body, headers={"Idempotency-Key": "a-list-of-today"}
        )
        assert said == {"opted_out": 3, "known": 0, "refused": {"short_code": 1}}
    assert sender.post("/subscribers/opt-out-list", body)["known"] == 3
    found = sender.post("/subscribers/search", {"phone": phones[0]})
    assert [(event["kind"], event["source"]) for event in found["consent"]] == [
        ("opted_out", "biên bản")
    ]


def test_one_topic_is_stopped_and_shown(program: Make, session: Session, sealer: Sealer) -> None:
    phone = a_phone()
    a_subscriber(session, sealer, area="06196", phone=phone)
    session.commit()
    sender = program("gui", Role.SENDER)
    body = {"phone": phone, "source": "thư", "topic": "vaccination"}
    said = sender.post("/subscribers/opt-out", body)
    assert (said["topics_stopped"], said["opted_out_at"]) == (["vaccination"], None)
    sender.post("/subscribers/opt-out", body | {"topic": "weather"}, code=422)
    again = sender.post("/subscribers/opt-in", {"phone": phone, "source": "thư"})
    assert again["topics_stopped"] == []


def test_a_number_in_what_a_clerk_wrote_is_kept_nowhere(
    program: Make, session: Session, sealer: Sealer
) -> None:
    """Whoever is erased is forgotten in every table, also where somebody noted whom they called."""
    phone = a_phone()
    a_subscriber(session, sealer, area="06196", phone=phone)
    session.commit()
    admin = program("quantri", Role.SENDER, Role.ADMINISTRATOR)
    body = {"phone": phone, "source": f"gọi {phone.replace('+84', '0')}"}
    for deed in ("opt-out", "opt-in", "erase"):
        said = admin.post(f"/subscribers/{deed}", body)
        assert said["consent"][-1]["source"] == "gọi xxx"
    admin.post("/subscribers/opt-out-list", {"phones": [a_phone()], "source": body["source"]})
    for table in Base.metadata.sorted_tables:
        kept = str(session.execute(select(table)).all())
        assert phone.removeprefix("+84") not in kept, table.name


@pytest.mark.parametrize("look", ["search", "opt-in", "erase"])
def test_who_asks_for_a_number_on_no_list_is_on_record(
    program: Make, session: Session, look: str
) -> None:
    """What is told, that somebody is on no list, is as personal as what is on one."""
    asking = program("tra", Role.SENDER, Role.ADMINISTRATOR)
    phone = a_phone()
    body = {"phone": phone} | ({} if look == "search" else {"source": "thư"})
    asking.post(f"/subscribers/{look}", body, code=404)
    asking.post("/subscribers/search", {"phone": "1022"}, code=409)
    looks = session.scalars(select(AuditEntry).where(AuditEntry.action == "subscriber.looked_up"))
    assert [(one.actor, one.subject, one.detail) for one in looks] == [
        ("tra", "subscriber:nobody", "{}")
    ]


def test_who_may_not_record_consent_stops_nobodys_texts(program: Make) -> None:
    body = {"phones": [a_phone()], "source": "x"}
    program("soan", Role.AUTHOR).post("/subscribers/opt-out-list", body, code=403)


def test_the_inbox_is_worked_as_all_tickets_are(
    program: Make, session: Session, sealer: Sealer
) -> None:
    writer = Writer(session, sealer, a_desk_of_answers(sealer))
    writer.write("Gọi lại cháu số 0961234515 ạ")
    session.commit()
    operator = program("truc", Role.HOTLINE_OPERATOR)
    (ticket,) = operator.get("/hotline/tickets?kind=text")["items"]
    assert ticket["said"] == ["Gọi lại cháu số xxx ạ"]
    assert writer.number not in str(ticket)
    path = f"/hotline/tickets/{ticket['reference']}"
    assert operator.post(f"{path}/assign", {})["assignee"] == "truc"
    shown = operator.post(f"{path}/reveal")
    assert (shown["number"], shown["said"]) == (writer.number, ["Gọi lại cháu số 0961234515 ạ"])
    assert operator.post(f"{path}/answer", {"text": "Đã gọi lại."})["state"] == "answered"
    assert operator.post(f"{path}/close")["state"] == "closed"
