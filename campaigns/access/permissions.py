"""Permissions: everything that can be allowed, and which roles it is allowed to."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from campaigns.errors import NotPermittedError
from campaigns.people import Role


class Permission(StrEnum):
    """One thing somebody may be allowed to do; the words before the dot name what it is done to."""

    ACCOUNT_MANAGE = "account.manage"
    AREAS_READ = "areas.read"
    AREAS_WRITE = "areas.write"
    LEVELS_DECIDE = "levels.decide"
    FIGURES_DELIVER = "figures.deliver"
    SUBSCRIBERS_READ = "subscribers.read"
    SUBSCRIBERS_IMPORT = "subscribers.import"
    SUBSCRIBERS_REVEAL = "subscribers.reveal"
    SUBSCRIBERS_CONSENT = "subscribers.consent"
    SUBSCRIBERS_ERASE = "subscribers.erase"
    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_WRITE = "campaigns.write"
    CAMPAIGNS_LOCALISE = "campaigns.localise"
    PLANS_SIGN = "plans.sign"
    BROADCASTS_READ = "broadcasts.read"
    BROADCASTS_LAUNCH = "broadcasts.launch"
    BROADCASTS_CONTROL = "broadcasts.control"
    HOTLINE_READ = "hotline.read"
    HOTLINE_WRITE = "hotline.write"
    ANSWERS_APPROVE = "answers.approve"
    TICKETS_WORK = "tickets.work"
    TICKETS_REVEAL = "tickets.reveal"
    STATISTICS_READ = "statistics.read"
    PEOPLE_READ = "people.read"
    PEOPLE_MANAGE = "people.manage"
    KEYS_MANAGE = "keys.manage"
    PARTNERS_READ = "partners.read"
    PARTNERS_MANAGE = "partners.manage"
    AUDIT_READ = "audit.read"


# What stands for a person's own word: nobody makes somebody else's program say it.
PERSONAL = frozenset({Permission.PLANS_SIGN, Permission.ANSWERS_APPROVE})
# Everybody looks after their own sessions and password.
_OWN = frozenset({Permission.ACCOUNT_MANAGE, Permission.AREAS_READ})
_READING = _OWN | frozenset(
    {
        Permission.CAMPAIGNS_READ,
        Permission.BROADCASTS_READ,
        Permission.HOTLINE_READ,
        Permission.STATISTICS_READ,
    }
)
# Nobody has them all: who administers Loa can neither write a text nor sign or send one, and
# whoever reads everything for the record changes nothing.
GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.AUTHOR: _READING | {Permission.CAMPAIGNS_WRITE, Permission.HOTLINE_WRITE},
    Role.HEALTH_DATA_OWNER: _READING
    | {
        Permission.LEVELS_DECIDE,
        Permission.FIGURES_DELIVER,
        Permission.PLANS_SIGN,
        Permission.ANSWERS_APPROVE,
    },
    Role.CONTENT_APPROVER: _READING
    | {Permission.PLANS_SIGN, Permission.ANSWERS_APPROVE, Permission.BROADCASTS_CONTROL},
    Role.SENDER: _READING
    | {
        Permission.SUBSCRIBERS_READ,
        Permission.SUBSCRIBERS_IMPORT,
        Permission.SUBSCRIBERS_CONSENT,
        Permission.PARTNERS_READ,
        Permission.PLANS_SIGN,
        Permission.BROADCASTS_LAUNCH,
        Permission.BROADCASTS_CONTROL,
    },
    Role.STEERING_COMMITTEE: _READING | {Permission.PLANS_SIGN},
    # Within their areas only: what is filled in decides that itself.
    Role.COMMUNE_EDITOR: _OWN | {Permission.CAMPAIGNS_READ, Permission.CAMPAIGNS_LOCALISE},
    Role.HOTLINE_OPERATOR: _OWN
    | frozenset(
        {
            Permission.HOTLINE_READ,
            Permission.STATISTICS_READ,
            Permission.SUBSCRIBERS_READ,
            Permission.SUBSCRIBERS_REVEAL,
            Permission.SUBSCRIBERS_CONSENT,
            Permission.TICKETS_WORK,
            Permission.TICKETS_REVEAL,
        }
    ),
    Role.AUDITOR: _READING
    | {Permission.PEOPLE_READ, Permission.PARTNERS_READ, Permission.AUDIT_READ},
    # Telecom partners read what concerns their carriers at doors of their own.
    Role.PARTNER: _OWN,
    Role.ADMINISTRATOR: _OWN
    | frozenset(
        {
            Permission.AREAS_WRITE,
            Permission.BROADCASTS_READ,
            Permission.BROADCASTS_CONTROL,
            Permission.SUBSCRIBERS_READ,
            Permission.SUBSCRIBERS_ERASE,
            Permission.PEOPLE_READ,
            Permission.PEOPLE_MANAGE,
            Permission.KEYS_MANAGE,
            Permission.PARTNERS_READ,
            Permission.PARTNERS_MANAGE,
        }
    ),
}


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return everything that any of *roles* allows."""
    return frozenset().union(*(GRANTS[role] for role in roles))


def reads_as_editor_alone(roles: Iterable[Role]) -> bool:
    """Whether *roles* read campaigns only as commune editor: then only what is their areas'."""
    others = set(roles) - {Role.COMMUNE_EDITOR}
    return Permission.CAMPAIGNS_READ not in permissions_of(others)


def require(permission: Permission, held: Iterable[Permission]) -> None:
    """Raise NotPermittedError unless *permission* is among those *held*."""
    if permission not in set(held):
        allowed = ", ".join(role for role in Role if permission in GRANTS[role])
        raise NotPermittedError(
            f"This needs the permission {permission}, which the roles {allowed} have. "
            "Nothing was changed."
        )
