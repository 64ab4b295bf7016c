"""People: who may write, sign and send, for which agency, and in which communes."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.areas import LONGEST_CODE, codes_below, list_areas
from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.errors import (
    LoginRefusedError,
    LoginTakenError,
    PersonChangeRefusedError,
    PersonWithdrawnError,
    UnknownPersonError,
)
from campaigns.local_time import local_day

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Role(StrEnum):
    """What a person may do; the founding plans name an agency for each."""

    AUTHOR = "author"
    HEALTH_DATA_OWNER = "health_data_owner"
    CONTENT_APPROVER = "content_approver"
    SENDER = "sender"
    STEERING_COMMITTEE = "steering_committee"
    COMMUNE_EDITOR = "commune_editor"
    HOTLINE_OPERATOR = "hotline_operator"
    AUDITOR = "auditor"
    PARTNER = "partner"
    ADMINISTRATOR = "administrator"


class Person(Base):
    """One person with a login, an agency and one or more roles (stored ``|author|sender|``).

    Nobody is ever deleted: what they wrote and signed stays theirs.
    """

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    agency: Mapped[str]
    roles: Mapped[str]
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def role_set(self) -> frozenset[Role]:
        """What the person may act as now: nothing once withdrawn."""
        return frozenset() if self.withdrawn_at is not None else self.roles_given

    @property
    def roles_given(self) -> frozenset[Role]:
        """The roles the person has, or will have again when restored."""
        return frozenset(Role(role) for role in self.roles.split("|") if role)


class PersonArea(Base):
    """One area that a commune editor writes for, with everything below it."""

    __tablename__ = "person_areas"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    area_code: Mapped[str] = mapped_column(String(LONGEST_CODE), primary_key=True)


def add_person(
    session: Session,
    login: str,
    *,
    name: str,
    agency: str,
    roles: Collection[Role],
    areas: Collection[str] = (),
    now: datetime,
) -> Person:
    """Add a person; *areas* are those of a commune editor, with everything below them.

    Raises LoginTakenError, LoginRefusedError, and what `require_reach` and `bind_areas` raise.
    """
    if not _LOGIN.fullmatch(login):
        raise LoginRefusedError(
            f"{login!r} is no login. Nothing was changed. Use small letters, digits, dots and "
            "dashes, such as nguyen.lan."
        )
    if find_person(session, login) is not None:
        raise LoginTakenError(
            f"There is already a person with the login {login}. Nothing was changed; "
            "choose another login or see `loa users list`."
        )
    require_reach(login, roles, areas)
    person = Person(
        login=login,
        name=name,
        agency=agency,
        roles=write_roles(roles),
        created_at=now,
    )
    session.add(person)
    session.flush()
    bound = bind_areas(session, person, areas, now=now)
    record(
        session,
        "person.added",
        f"person:{login}",
        now=now,
        agency=agency,
        roles=sorted(person.role_set),
        areas=bound,
    )
    return person


def require_reach(login: str, roles: Iterable[Role], areas: Collection[str]) -> None:
    """Raise PersonChangeRefusedError for a commune editor without areas, who could do nothing."""
    if Role.COMMUNE_EDITOR in roles and not areas:
        raise PersonChangeRefusedError(
            f"{login} would be a commune editor without an area, and could fill in nothing. "
            "Nothing was changed; name an area for them, such as with --area 06196."
        )


def bind_areas(
    session: Session, person: Person, codes: Iterable[str], *, now: datetime
) -> list[str]:
    """Let *person* write for the areas with these *codes* and no others; return them in order.

    Raises PersonChangeRefusedError for areas of somebody who is no commune editor, and
    UnknownAreaError for a code that is no area's today and was not bound before.
    """
    wanted, before = sorted(set(codes)), areas_of(session, person)
    if wanted and Role.COMMUNE_EDITOR not in person.roles_given:
        raise PersonChangeRefusedError(
            f"Areas are for the role {Role.COMMUNE_EDITOR}, which {person.login} does not have. "
            "Nothing was changed; leave the areas out or add the role."
        )
    codes_below(list_areas(session, on=local_day(now)), set(wanted) - set(before))
    session.execute(
        delete(PersonArea).where(
            PersonArea.person_id == person.id, PersonArea.area_code.not_in(wanted)
        )
    )
    fresh = [PersonArea(person_id=person.id, area_code=code) for code in wanted]
    session.add_all(one for one in fresh if one.area_code not in before)
    session.flush()
    return wanted


def areas_of(session: Session, person: Person) -> list[str]:
    """Return the codes that *person* was bound to, as they were given."""
    return list(
        session.scalars(
            select(PersonArea.area_code)
            .where(PersonArea.person_id == person.id)
            .order_by(PersonArea.area_code)
        )
    )


def all_person_areas(session: Session) -> Mapping[int, list[str]]:
    """Return the codes that people are bound to, by the person's number."""
    found: dict[int, list[str]] = {}
    for one in session.scalars(select(PersonArea).order_by(PersonArea.area_code)):
        found.setdefault(one.person_id, []).append(one.area_code)
    return found


def editable_areas(session: Session, person: Person, *, now: datetime) -> set[str]:
    """Return the codes of every area that *person* writes for as commune editor today.

    A code that is no area's any more reaches nothing: whoever takes its place is to be decided
    anew, for nobody's reach grows by itself.
    """
    if Role.COMMUNE_EDITOR not in person.role_set:
        return set()
    areas = list_areas(session, on=local_day(now))
    valid = {area.code for area in areas}
    return codes_below(areas, valid.intersection(areas_of(session, person)))


def write_roles(roles: Iterable[Role]) -> str:
    """Return *roles* as a person's row keeps them."""
    return f"|{'|'.join(sorted(set(roles)))}|"


def find_person(session: Session, login: str) -> Person | None:
    return session.scalar(select(Person).where(Person.login == login))


def get_person(session: Session, login: str) -> Person:
    """Return the person with *login*, or raise UnknownPersonError."""
    person = find_person(session, login)
    if person is None:
        raise UnknownPersonError(
            f"Nobody has the login {login}. "
            "Add the person with `loa users add`, or see `loa users list`."
        )
    return person


def hold_person(session: Session, person: Person) -> None:
    """Let nobody else change *person*, or what they act with, until the transaction ends."""
    session.execute(
        select(Person)
        .where(Person.id == person.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def require_active(person: Person) -> None:
    """Raise PersonWithdrawnError for who was withdrawn."""
    if person.withdrawn_at is not None:
        raise PersonWithdrawnError(
            f"{person.login} was withdrawn and acts no more. Nothing was changed. "
            f"An administrator may restore them with `loa users restore {person.login}`."
        )


def list_people(session: Session, *, after: str = "", limit: int | None = None) -> list[Person]:
    """Return people by login, up to *limit* of those after login *after*."""
    query = select(Person).where(Person.login > after).order_by(Person.login).limit(limit)
    return list(session.scalars(query))
