"""Standing: what a person is, for whom, and whether they act at all; changed by another."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.access.credentials import can_log_in
from campaigns.access.invitations import end_invitations_of
from campaigns.access.keys import revoke_keys_of
from campaigns.access.login_sessions import end_sessions_of
from campaigns.audit import actor_of, record
from campaigns.errors import PersonChangeRefusedError
from campaigns.people import (
    Person,
    Role,
    areas_of,
    bind_areas,
    hold_person,
    require_active,
    require_reach,
    write_roles,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What may be changed about a person; None leaves it as it is.

    Areas go with the role of a commune editor: who loses it, loses them.
    """

    name: str | None = None
    agency: str | None = None
    roles: Collection[Role] | None = None
    areas: Collection[str] | None = None


def change_person(session: Session, person: Person, wanted: Standing, *, now: datetime) -> Person:
    """Change what *wanted* names; with other roles their sessions end.

    What they signed stays, with the agency and the roles of that day. Raises
    PersonChangeRefusedError for one's own roles, agency or areas, for no role at all, for areas
    of who is no commune editor and none of who is, and when nobody would be left who can log in
    to administer Loa; UnknownAreaError; PersonWithdrawnError.
    """
    _hold_administrators(session)
    hold_person(session, person)
    require_active(person)
    before = _state(session, person)
    roles = person.roles if wanted.roles is None else write_roles(wanted.roles)
    agency = person.agency if wanted.agency is None else wanted.agency
    areas = _wanted_areas(session, person, wanted)
    if (roles, agency, areas) != (person.roles, person.agency, areas_of(session, person)):
        _require_another(session, person)
    if wanted.roles is not None and not wanted.roles:
        raise PersonChangeRefusedError(
            f"{person.login} needs at least one role. Nothing was changed. To end all that they "
            f"may do: `loa users withdraw {person.login}`."
        )
    if wanted.roles is not None and Role.ADMINISTRATOR not in wanted.roles:
        _require_other_administrator(session, person)
    if roles != person.roles:
        end_sessions_of(session, person, now=now)
    person.name = person.name if wanted.name is None else wanted.name
    person.agency, person.roles = agency, roles
    bind_areas(session, person, areas, now=now)
    after = _state(session, person)
    if after != before:
        record(
            session,
            "person.changed",
            f"person:{person.login}",
            now=now,
            before=before,
            after=after,
            agency=agency,
            roles=sorted(person.role_set),
            areas=areas,
        )
    return person


def withdraw_person(session: Session, person: Person, *, now: datetime) -> Person:
    """End all that *person* may do, at once, and their keys, sessions and invitations.

    What they wrote and signed stays. Done again it changes nothing. Raises
    PersonChangeRefusedError when nobody would be left who can log in to administer Loa.
    """
    _hold_administrators(session)
    hold_person(session, person)
    if person.withdrawn_at is not None:
        return person
    _require_other_administrator(session, person)
    end_sessions_of(session, person, now=now)
    keys = revoke_keys_of(session, person, now=now)
    end_invitations_of(session, person, now=now)
    person.withdrawn_at = now
    record(session, "person.withdrawn", f"person:{person.login}", now=now, keys=keys)
    return person


def restore_person(session: Session, person: Person, *, now: datetime) -> Person:
    """Let *person* act again as they did; their keys, sessions and invitations stay ended."""
    hold_person(session, person)
    if person.withdrawn_at is None:
        return person
    person.withdrawn_at = None
    record(
        session,
        "person.restored",
        f"person:{person.login}",
        now=now,
        agency=person.agency,
        roles=sorted(person.role_set),
    )
    return person


def _state(session: Session, person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "agency": person.agency,
        "roles": person.roles,
        "areas": areas_of(session, person),
    }


def _wanted_areas(session: Session, person: Person, wanted: Standing) -> list[str]:
    before = areas_of(session, person)
    if wanted.roles is None and wanted.areas is None:
        return before
    roles = person.role_set if wanted.roles is None else wanted.roles
    kept = before if Role.COMMUNE_EDITOR in roles else []
    areas = kept if wanted.areas is None else sorted(set(wanted.areas))
    require_reach(person.login, roles, areas)
    return areas


def _require_another(session: Session, person: Person) -> None:
    """Raise where *person* is who asks: the agency, too, decides what they may sign."""
    if actor_of(session).login == person.login:
        raise PersonChangeRefusedError(
            "Nobody changes their own roles, agency or areas. Nothing was changed; ask another "
            "administrator."
        )


def _require_other_administrator(session: Session, person: Person) -> None:
    if Role.ADMINISTRATOR not in person.role_set:
        return
    others = [one for one in _administrators(session) if one.id != person.id]
    if not others:
        raise PersonChangeRefusedError(
            f"{person.login} is the last administrator. Nothing was changed. Make somebody else "
            "an administrator first."
        )
    # Whoever was invited and has set up nothing yet lets nobody else in.
    if can_log_in(session, person) and not any(can_log_in(session, one) for one in others):
        waiting = " and ".join(one.login for one in others)
        raise PersonChangeRefusedError(
            f"{person.login} is the last administrator who can log in: {waiting} has no password "
            f"or no app yet. Nothing was changed. Invite {others[0].login} first "
            f"(`loa users invite {others[0].login}`), and wait until that was accepted."
        )


def _hold_administrators(session: Session) -> None:
    """Let no two administrators be taken away at once: each would count on the other."""
    for one in _administrators(session):
        hold_person(session, one)


def _administrators(session: Session) -> list[Person]:
    every = session.scalars(select(Person).where(Person.withdrawn_at.is_(None)).order_by(Person.id))
    return [one for one in every if Role.ADMINISTRATOR in one.role_set]
