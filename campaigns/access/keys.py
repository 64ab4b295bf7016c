"""API keys: a program acts for one person, within chosen permissions, until a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.access.permissions import PERSONAL, Permission, permissions_of
from campaigns.access.shown_once import digest_of, draw_secret, is_proven, number_in, write
from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.bulk import change
from campaigns.errors import KeyRefusedError, UnknownKeyError
from campaigns.people import Person, hold_person, require_active

PREFIX = "loa"
LONGEST_LIFE = timedelta(days=400)
USUAL_LIFE = timedelta(days=90)
# After a key was rotated the old one still works for this long, so that programs can be changed.
OVERLAP = timedelta(days=7)
# A key that is used a hundred times a second is noted as used once in this time.
_NOTED_EVERY = timedelta(minutes=1)


class ApiKey(Base):
    """One key; only the SHA-256 of its 256 random bits is kept, which nobody can turn back.

    Rotated, it remembers its newest successor, and when it would have ended without one.
    """

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"), default=None)
    usually_ends_at: Mapped[datetime | None] = mapped_column(default=None)
    person: Mapped[Person] = relationship(lazy="joined", init=False)

    @property
    def scope_set(self) -> frozenset[Permission]:
        """What the key may do: its scopes, as far as its person still may do them."""
        scopes = {Permission(scope) for scope in self.scopes.split() if scope}
        return frozenset(scopes) & permissions_of(self.person.role_set)

    @property
    def usual_life(self) -> timedelta:
        """How long it was made to last, whatever it was cut to by being rotated."""
        return (self.usually_ends_at or self.expires_at) - self.created_at

    def is_valid(self, now: datetime) -> bool:
        """Whether it has not ended, and its person still acts."""
        is_ended = self.revoked_at is not None or self.expires_at <= now
        return not is_ended and self.person.withdrawn_at is None


@dataclass(frozen=True, slots=True, repr=False)
class NewKey:
    """A key just made, and its text, which is shown once and kept nowhere."""

    key: ApiKey
    text: str


def add_key(
    session: Session,
    person: Person,
    *,
    name: str,
    scopes: Collection[Permission],
    now: datetime,
    expires_at: datetime | None = None,
    made_by: Person | None = None,
) -> NewKey:
    """Make a key that acts for *person* within *scopes* (empty: all that may be handed out).

    A key *made_by* somebody else neither signs nor approves, or one administrator could put
    everybody's name under a plan; None is whoever runs the machine itself. Raises KeyRefusedError
    for scopes the person does not have or may not be given so, and for a life of more than 400
    days; PersonWithdrawnError.
    """
    require_active(person)
    ends = expires_at or now + USUAL_LIFE
    _require_sane(person, scopes, ends=ends, now=now)
    granted = _handed_out(person, scopes, made_by=made_by)
    secret = draw_secret()
    key = ApiKey(
        person_id=person.id,
        name=name,
        digest=digest_of(secret),
        scopes=" ".join(sorted(granted)),
        created_at=now,
        expires_at=ends,
    )
    session.add(key)
    session.flush()
    session.refresh(key)
    record(
        session,
        "key.added",
        f"key:{key.id}",
        now=now,
        person=person.login,
        scopes=key.scopes,
        expires_at=ends,
    )
    return NewKey(key, write(PREFIX, key.id, secret))


def rotate_key(
    session: Session, key_id: int, *, now: datetime, made_by: Person | None = None
) -> NewKey:
    """Make a successor with the same scopes and length of life; the old key ends in a week.

    Raises KeyRefusedError as `add_key` does, for a key that has ended or may do nothing, and
    while it has a successor that is valid.
    """
    old = get_key(session, key_id)
    # Of two that rotate one key at once, the second finds the first one's successor.
    hold_person(session, old.person)
    session.refresh(old)
    _require_rotatable(session, old, now=now)
    new = add_key(
        session,
        old.person,
        name=old.name,
        scopes=old.scope_set,
        now=now,
        expires_at=now + old.usual_life,
        made_by=made_by,
    )
    old.usually_ends_at = old.usually_ends_at or old.expires_at
    old.expires_at = min(old.expires_at, now + OVERLAP)
    old.successor_id = new.key.id
    record(session, "key.rotated", f"key:{old.id}", now=now, successor=new.key.id)
    return new


def _require_rotatable(session: Session, old: ApiKey, *, now: datetime) -> None:
    if old.revoked_at is not None or old.expires_at <= now:
        raise KeyRefusedError(f"Key {old.id} has ended. Nothing was made. Make a new key.")
    # A key made without scopes may do all; one that has none left must not become one.
    if not old.scope_set:
        raise KeyRefusedError(
            f"{old.person.login} may do nothing any more of what key {old.id} is for. Nothing was "
            "made. Revoke it, and make a new key."
        )
    successor = session.get(ApiKey, old.successor_id) if old.successor_id else None
    if successor is not None and successor.is_valid(now):
        raise KeyRefusedError(
            f"Key {old.id} was rotated already: its successor is key {successor.id}. Nothing was "
            f"made. If the text of key {successor.id} was lost, revoke it "
            f"(`loa keys revoke {successor.id}`), then rotate key {old.id} again."
        )


def revoke_key(session: Session, key_id: int, *, now: datetime) -> ApiKey:
    """End a key at once; revoking it again changes nothing."""
    key = get_key(session, key_id)
    if key.revoked_at is None:
        key.revoked_at = now
        record(session, "key.revoked", f"key:{key.id}", now=now)
    return key


def get_key(session: Session, key_id: int) -> ApiKey:
    """Return the key with this number, or raise UnknownKeyError."""
    key = session.get(ApiKey, key_id)
    if key is None:
        raise UnknownKeyError(f"There is no key {key_id}. See them with `loa keys list`.")
    return key


def revoke_keys_of(session: Session, person: Person, *, now: datetime) -> int:
    """End every key of *person* at once, and return how many there were."""
    open_keys = ApiKey.person_id == person.id, ApiKey.revoked_at.is_(None)
    return change(session, update(ApiKey).where(*open_keys).values(revoked_at=now))


def list_keys(
    session: Session, *, after: int | None = None, limit: int | None = None
) -> list[ApiKey]:
    """Return keys, the oldest first: up to *limit* of those made after key *after*."""
    query = select(ApiKey).order_by(ApiKey.id).limit(limit)
    return list(session.scalars(query if after is None else query.where(ApiKey.id > after)))


def find_valid_key(session: Session, text: str, *, now: datetime) -> ApiKey | None:
    """Return the key that *text* is, if it is one and has not ended."""
    number = number_in(text, prefix=PREFIX)
    key = session.get(ApiKey, number) if number is not None else None
    if key is None or not is_proven(text, key.digest):
        return None
    return key if key.is_valid(now) else None


def note_use(session: Session, key: ApiKey, *, now: datetime) -> None:
    """Keep when *key* was used last."""
    change(session, update(ApiKey).where(ApiKey.id == key.id).values(used_at=now))


def is_noted(key: ApiKey, *, now: datetime) -> bool:
    """Whether it is known already that *key* is in use, to the minute."""
    return key.used_at is not None and now - key.used_at < _NOTED_EVERY


def _handed_out(
    person: Person, scopes: Collection[Permission], *, made_by: Person | None
) -> Collection[Permission]:
    """Return what the key may do; raise KeyRefusedError for what is *person*'s own word."""
    personal = PERSONAL if made_by is not None and made_by.id != person.id else frozenset()
    if refused := sorted(personal.intersection(scopes)):
        raise KeyRefusedError(
            f"Nobody but {person.login} makes a key for {', '.join(refused)}: that is their own "
            "word. Nothing was made. Leave it out; people sign in a session of their own."
        )
    return scopes or permissions_of(person.role_set) - personal


def _require_sane(
    person: Person, scopes: Collection[Permission], *, ends: datetime, now: datetime
) -> None:
    if missing := sorted(set(scopes) - permissions_of(person.role_set)):
        raise KeyRefusedError(
            f"{person.login} has no permission for {', '.join(missing)}, and no key may do more "
            "than its person. Nothing was made. Leave that out."
        )
    require_bearable_life(ends=ends, now=now)


def require_bearable_life(*, ends: datetime, now: datetime) -> None:
    """Raise KeyRefusedError unless a key made *now* may last until *ends*."""
    if not now < ends <= now + LONGEST_LIFE:
        raise KeyRefusedError(
            f"A key ends in the future, at most {LONGEST_LIFE.days} days from now. "
            "Nothing was made. Rotate keys instead of making them last."
        )
