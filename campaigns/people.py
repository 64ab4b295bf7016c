"""People: who may write, sign and send, and for which agency."""

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.errors import LoginRefusedError, LoginTakenError, UnknownPersonError

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
    ADMINISTRATOR = "administrator"


class Person(Base):
    """One person with a login, an agency and one or more roles (stored ``|author|sender|``)."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    agency: Mapped[str]
    roles: Mapped[str]
    created_at: Mapped[datetime]

    @property
    def role_set(self) -> frozenset[Role]:
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
        roles=f"|{'|'.join(sorted(set(roles)))}|",
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


def list_people(session: Session) -> list[Person]:
    return list(session.scalars(select(Person).order_by(Person.login)))
