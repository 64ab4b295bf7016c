"""People: who may write, sign and send, and for which agency."""

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.errors import (
    LoginRefusedError,
    LoginTakenError,
    PersonWithdrawnError,
    UnknownPersonError,
)

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


def add_person(
    session: Session, login: str, *, name: str, agency: str, roles: Iterable[Role], now: datetime
) -> Person:
    """Add a person; raise LoginTakenError, or LoginRefusedError for what is no login."""
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
    person = Person(
        login=login,
        name=name,
        agency=agency,
        roles=write_roles(roles),
        created_at=now,
    )
    session.add(person)
    session.flush()
    record(
        session,
        "person.added",
        f"person:{login}",
        now=now,
        agency=agency,
        roles=sorted(person.role_set),
    )
    return person


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


def list_people(session: Session) -> list[Person]:
    return list(session.scalars(select(Person).order_by(Person.login)))
