"""Standing: what is changed about people at the same moment as they act."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import ColumnElement, Engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.keys import add_key, find_valid_key
from campaigns.access.login_sessions import find_open_session, open_session
from campaigns.access.logins import begin_login, set_password, set_totp, settle_login
from campaigns.access.standing import Standing, change_person, restore_person, withdraw_person
from campaigns.audit import Actor, AuditEntry, act_as
from campaigns.errors import PersonChangeRefusedError, PersonWithdrawnError, UnknownAreaError
from campaigns.people import (
    Person,
    Role,
    add_person,
    areas_of,
    editable_areas,
    get_person,
    hold_person,
)
from campaigns.plans.approvals import sign_plan, submit_plan
from campaigns.plans.planning import draft_plan
from campaigns.sealing import Sealer
from tests.builders import NOON, TERMS, a_document, a_person, a_province
from tests.databases import someone_waits
from tests.fakes.processes import eventually

PATIENCE_S = 30
SECRET = "JBSWY3DPEHPK3PXP"  # noqa: S105 - of nobody


def trail(session: Session, which: ColumnElement[bool]) -> list[AuditEntry]:
    return session.query(AuditEntry).filter(which).order_by(AuditEntry.number).all()


def while_held(
    engine: Engine, commits: sessionmaker[Session], login: str, *deeds: Callable[[Session], object]
) -> list[object]:
    """Let *deeds* begin while somebody else holds *login*; return what each came to."""

    def run(deed: Callable[[Session], object]) -> object:
        try:
            with commits.begin() as session:
                return deed(session)
        except PersonChangeRefusedError as refused:
            return refused

    with ThreadPoolExecutor(len(deeds)) as pool:
        with commits.begin() as session:
            hold_person(session, get_person(session, login))
            done = [pool.submit(run, deed) for deed in deeds]
            assert eventually(lambda: someone_waits(engine, how_many=len(deeds)))
        return [each.result(PATIENCE_S) for each in done]


def test_two_administrators_do_not_end_each_other(
    own_engine: Engine, commits: sessionmaker[Session]
) -> None:
    """Each would count on the other; the second is told that they are the last."""
    with commits.begin() as session:
        a_person(session, "mot", Role.ADMINISTRATOR)
        a_person(session, "hai", Role.ADMINISTRATOR)

    def withdraw(login: str) -> Callable[[Session], object]:
        return lambda session: withdraw_person(session, get_person(session, login), now=NOON)

    came_to = while_held(own_engine, commits, "mot", withdraw("mot"), withdraw("hai"))
    assert sum(isinstance(one, PersonChangeRefusedError) for one in came_to) == 1


@pytest.mark.parametrize("actor", ["mot", "hai"])
def test_an_administrator_who_can_log_in_remains(
    session: Session, sealer: Sealer, actor: str
) -> None:
    """Also when they withdraw themselves; an invitation that nobody accepted opens no door."""
    one = a_person(session, "mot", Role.ADMINISTRATOR)
    other = a_person(session, "hai", Role.ADMINISTRATOR)
    set_password(session, one, "hash", now=NOON)
    set_totp(session, one, SECRET, sealer=sealer, now=NOON)
    act_as(session, Actor(actor, "test"))
    with pytest.raises(PersonChangeRefusedError, match="loa users invite hai"):
        withdraw_person(session, one, now=NOON)
    set_password(session, other, "hash", now=NOON)
    with pytest.raises(PersonChangeRefusedError, match="last administrator who can log in"):
        withdraw_person(session, one, now=NOON)
    act_as(session, Actor("hai", "test"))
    with pytest.raises(PersonChangeRefusedError, match="last administrator who can log in"):
        change_person(session, one, Standing(roles=[Role.AUTHOR]), now=NOON)

    set_totp(session, other, SECRET, sealer=sealer, now=NOON)
    assert withdraw_person(session, one, now=NOON).withdrawn_at == NOON


@pytest.mark.parametrize("deed", ["withdraw", "password"])
def test_a_login_that_was_under_way_opens_nothing_any_more(
    commits: sessionmaker[Session], sealer: Sealer, deed: str
) -> None:
    """What was right when it was verified is looked at once more when the session is opened."""
    with commits.begin() as session:
        person = a_person(session, "lan", Role.AUTHOR)
        set_password(session, person, "hash of the first", now=NOON)
        begun = begin_login(session, "lan", source="10.0.0.7", now=NOON)
        if deed == "withdraw":
            withdraw_person(session, person, now=NOON)
        else:
            set_password(session, person, "hash of the second", now=NOON)
    with commits.begin() as session:
        opened = settle_login(
            session,
            begun,
            is_right=True,
            code="",
            address="10.0.0.7",
            program="",
            sealer=sealer,
            now=NOON,
        )
    assert opened is None


def test_a_session_opened_while_its_person_is_withdrawn_does_not_outlive_that(
    own_engine: Engine, commits: sessionmaker[Session]
) -> None:
    with commits.begin() as session:
        a_person(session, "lan", Role.AUTHOR)

    def open_one(session: Session) -> object:
        person = get_person(session, "lan")
        hold_person(session, person)
        return open_session(session, person, address="", program="", now=NOON).text

    def withdraw(session: Session) -> object:
        return withdraw_person(session, get_person(session, "lan"), now=NOON)

    text, _ = while_held(own_engine, commits, "lan", open_one, withdraw)
    with commits() as session:
        assert find_open_session(session, str(text), now=NOON) is None


def test_the_withdrawn_sign_nothing(session: Session, sealer: Sealer) -> None:
    """What they signed before stays; restored, they sign again, but their key stays ended."""
    a_province(session, sealer, people=1)
    person = a_person(session, "hoa", Role.CONTENT_APPROVER)
    key = add_key(session, person, name="x", scopes=(), now=NOON).text
    draft = draft_plan(session, a_document(), terms=TERMS, now=NOON)
    plan = submit_plan(session, draft, author="tacgia", revise=False, now=NOON)
    withdraw_person(session, person, now=NOON)
    with pytest.raises(PersonWithdrawnError, match="hoa was withdrawn"):
        sign_plan(session, plan, person, now=NOON)
    assert person.role_set == frozenset()
    restore_person(session, person, now=NOON)
    assert sign_plan(session, plan, person, now=NOON).person is person
    assert find_valid_key(session, key, now=NOON) is None


def test_every_change_stands_in_the_trail_and_none_twice(session: Session) -> None:
    """With digests of before and after; what changes nothing is no change."""
    person = a_person(session, "lan", Role.AUTHOR)
    a_person(session, "quantri", Role.ADMINISTRATOR)
    act_as(session, Actor("quantri", "test"))
    for _ in range(2):
        change_person(session, person, Standing(agency="Sở Y tế"), now=NOON)
        withdraw_person(session, person, now=NOON)
        withdraw_person(session, person, now=NOON)
        restore_person(session, person, now=NOON)
        restore_person(session, person, now=NOON)
    with pytest.raises(PersonChangeRefusedError, match="at least one role"):
        change_person(session, person, Standing(roles=[]), now=NOON)
    session.commit()
    entries = trail(session, AuditEntry.actor == "quantri")
    assert [one.action for one in entries] == [
        "person.changed",
        *("person.withdrawn", "person.restored") * 2,
    ]
    assert entries[0].before != entries[0].after


def test_areas_are_a_commune_editors_alone(session: Session, sealer: Sealer) -> None:
    """They go with the role, for nobody shall have them back by accident; all is on record."""
    a_province(session, sealer, people=1)
    person = a_person(session, "xa", Role.COMMUNE_EDITOR, areas=["06196", "06196"])
    assert areas_of(session, person) == ["06196"]
    change_person(session, person, Standing(areas=["06184", "20"]), now=NOON)
    assert areas_of(session, person) == ["06184", "20"]
    assert editable_areas(session, person, now=NOON) == {"20", "06184", "06196"}
    with pytest.raises(UnknownAreaError, match="99999"):
        change_person(session, person, Standing(areas=["99999"]), now=NOON)
    with pytest.raises(PersonChangeRefusedError, match="commune_editor"):
        a_person(session, "lan", Role.AUTHOR, areas=["06196"])
    change_person(session, person, Standing(roles=[Role.AUTHOR]), now=NOON)
    assert areas_of(session, person) == []
    assert editable_areas(session, person, now=NOON) == set()
    session.commit()
    changes = trail(session, AuditEntry.action == "person.changed")
    assert ['"areas":["06184","20"]' in one.detail for one in changes] == [True, False]


def test_no_commune_editor_is_without_an_area(session: Session, sealer: Sealer) -> None:
    """They could fill in nothing, and nobody would have told them."""
    a_province(session, sealer, people=1)

    def add(*areas: str) -> Person:
        editor = [Role.COMMUNE_EDITOR]
        return add_person(
            session, "xa", name="Xã", agency="UBND xã", roles=editor, areas=areas, now=NOON
        )

    with pytest.raises(PersonChangeRefusedError, match="without an area"):
        add()
    person = add("06196")
    with pytest.raises(PersonChangeRefusedError, match="without an area"):
        change_person(session, person, Standing(areas=[]), now=NOON)
    author = a_person(session, "lan", Role.AUTHOR)
    with pytest.raises(PersonChangeRefusedError, match="without an area"):
        change_person(session, author, Standing(roles=[Role.COMMUNE_EDITOR]), now=NOON)
    assert areas_of(session, person) == ["06196"]


def test_nobody_changes_their_own_areas(session: Session, sealer: Sealer) -> None:
    """Whoever administers and edits would else write for every commune."""
    a_province(session, sealer, people=1)
    person = a_person(session, "quantri", Role.ADMINISTRATOR, Role.COMMUNE_EDITOR, areas=["06196"])
    act_as(session, Actor("quantri", "test"))
    with pytest.raises(PersonChangeRefusedError, match="own roles, agency or areas"):
        change_person(session, person, Standing(areas=["20"]), now=NOON)
    change_person(session, person, Standing(name="Quản trị", areas=["06196"]), now=NOON)
    assert areas_of(session, person) == ["06196"]
