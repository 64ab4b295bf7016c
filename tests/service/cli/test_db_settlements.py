"""``loa db check`` on settlements that somebody changed past Loa, with the owner's own rights."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session, sessionmaker

from campaigns.gateway import Accepted
from campaigns.partners.accounts import get_partner
from campaigns.partners.settlements import PartnerSettlement, canonical, list_settlements
from campaigns.sealing import Sealer
from tests.builders import NOON, a_province
from tests.campaigns.partners.builders import a_day_of_texts, a_partner, settle_all
from tests.service.cli.clerk import SEAL_KEY, Clerk

SEALER = Sealer(SEAL_KEY.encode())
SETTLED_AT = NOON + timedelta(days=2, hours=13)
UNGUARD = {
    "sqlite": (
        "DROP TRIGGER partner_settlements_no_update",
        "DROP TRIGGER partner_settlements_no_delete",
    ),
    "postgresql": ("ALTER TABLE partner_settlements DISABLE TRIGGER USER",),
}
Tamper = Callable[[Session, list[PartnerSettlement]], object]


def write(session: Session, one: PartnerSettlement, **values: Any) -> None:
    session.execute(
        update(PartnerSettlement).where(PartnerSettlement.id == one.id).values(**values)
    )


def rewritten(one: PartnerSettlement, **changes: Any) -> dict[str, str]:
    """Return the document of *one* with *changes*, and the digest that belongs to it."""
    document = canonical(json.loads(one.document) | changes)
    return {"document": document, "digest": hashlib.sha256(document.encode()).hexdigest()}


def one_text_more(one: PartnerSettlement) -> dict[str, str]:
    return rewritten(one, lines=[line | {"texts": line["texts"] + 1} for line in one.lines])


def change_a_line(session: Session, made: list[PartnerSettlement]) -> None:
    write(session, made[1], document=one_text_more(made[1])["document"])


def mend_the_digest(session: Session, made: list[PartnerSettlement]) -> None:
    write(session, made[1], **one_text_more(made[1]))


def mend_the_last(session: Session, made: list[PartnerSettlement]) -> None:
    write(session, made[-1], **rewritten(made[-1], lines=made[1].lines))


def mend_the_whole_chain(session: Session, made: list[PartnerSettlement]) -> None:
    """Change a line, and write every later file anew so that it follows on the one before."""
    values = one_text_more(made[1])
    write(session, made[1], **values)
    for one in made[2:]:
        previous = values["digest"]
        values = rewritten(one, previous_digest=previous)
        write(session, one, **values, previous_digest=previous)


def remove(number: int) -> Tamper:
    return lambda session, made: session.execute(
        delete(PartnerSettlement).where(PartnerSettlement.id == made[number].id)
    )


def settle_the_last_anew(session: Session, made: list[PartnerSettlement]) -> None:
    remove(-1)(session, made)
    partner = get_partner(session, "viettel-ls")
    assert len(settle_all(session, partner, SEALER, now=SETTLED_AT + timedelta(hours=1))) == 1


def shorten_the_last(session: Session, made: list[PartnerSettlement]) -> None:
    """Leave the file as it is, and let the next one begin before its end."""
    write(session, made[-1], last_seq=made[-1].last_seq - 1)


def give_away(session: Session, made: list[PartnerSettlement]) -> None:
    other = get_partner(session, "vinaphone-ls")
    remove(0)(session, list_settlements(session, other, limit=9))
    write(session, made[0], partner_id=other.id)


@pytest.fixture
def clerk(fresh_database: str, data_dir: Path) -> Clerk:
    return Clerk(fresh_database, data_dir, LOA_REDIS_URL="")


@pytest.fixture
def made(commits: sessionmaker[Session]) -> list[PartnerSettlement]:
    """Four days of one partner, of which the second has texts; another has four, too."""
    with commits.begin() as session:
        a_province(session, SEALER, people=2)
        partner = a_partner(session)
        other = a_partner(session, "vinaphone-ls", carriers=["vinaphone"])
        answers = [Accepted(f"SM{number}") for number in range(4)]
        a_day_of_texts(session, SEALER, now=NOON, answers=answers)
        settle_all(session, other, SEALER, now=SETTLED_AT)
        return settle_all(session, partner, SEALER, now=SETTLED_AT)


def said_of_settlements(clerk: Clerk, *, code: int) -> str:
    checks = clerk.answer("db", "check", code=code)["checks"]
    [one] = [one for one in checks if one["what"] == "settlements"]
    assert [other["what"] for other in checks if not other["ok"]] == ["settlements"] * code
    said: str = one["said"]
    return said


@pytest.mark.usefixtures("made")
def test_settlements_as_they_were_made_pass(clerk: Clerk) -> None:
    assert said_of_settlements(clerk, code=0) == "of 2 partners, each one chain"


@pytest.mark.parametrize(
    ("tamper", "day"),
    [
        pytest.param(change_a_line, 2, id="a line"),
        pytest.param(mend_the_digest, 2, id="a line, with its digest"),
        pytest.param(mend_the_last, 4, id="the last day, with its digest"),
        pytest.param(mend_the_whole_chain, 2, id="a line, with all digests from there on"),
        pytest.param(shorten_the_last, 4, id="where the last one ends"),
        pytest.param(remove(0), 1, id="the first day is gone"),
        pytest.param(remove(1), 2, id="a day is gone"),
        pytest.param(remove(-1), 4, id="the last day is gone"),
        pytest.param(settle_the_last_anew, 4, id="the last day, settled anew"),
    ],
)
def test_whatever_its_owner_changes_the_partner_and_the_first_broken_day_are_named(
    clerk: Clerk,
    commits: sessionmaker[Session],
    made: list[PartnerSettlement],
    tamper: Tamper,
    day: int,
) -> None:
    """The triggers hold back whoever errs, not whoever owns the database: the check does."""
    with commits.begin() as session:
        unguard(session)
        tamper(session, made)
    said = said_of_settlements(clerk, code=1)
    assert said.startswith(f"viettel-ls from 2026-03-0{day} on are not as they were made: ")
    assert "vinaphone-ls" not in said


def test_a_day_under_another_partners_name_is_named_with_both(
    clerk: Clerk, commits: sessionmaker[Session], made: list[PartnerSettlement]
) -> None:
    """Their first days are alike but for the name that stands in the file."""
    with commits.begin() as session:
        unguard(session)
        give_away(session, made)
    said = said_of_settlements(clerk, code=1)
    assert said.startswith("viettel-ls from 2026-03-01 on, vinaphone-ls from 2026-03-01 on are not")


def unguard(session: Session) -> None:
    for statement in UNGUARD[session.get_bind().dialect.name]:
        session.execute(text(statement))
