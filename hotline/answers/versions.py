"""Versions of answers as rows: what was written by whom, and who approved it."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.figures import require_figures
from campaigns.people import Person, Role
from hotline.answers.document import AnswerDocument, TopicDocument
from hotline.editions import mark_changed
from hotline.errors import ApprovalRefusedError, UnknownAnswerError


class AnswerVersion(Base):
    """One immutable version of one answer; it may be spoken once somebody else approved it."""

    __tablename__ = "answer_versions"
    __table_args__ = (UniqueConstraint("code", "version"), Index(None, "approved_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    code: Mapped[str]
    version: Mapped[int]
    topic: Mapped[str]
    owner: Mapped[str]
    document: Mapped[str] = mapped_column(Text)
    digest: Mapped[str]
    author: Mapped[str]
    written_at: Mapped[datetime]
    approver: Mapped[str] = mapped_column(default="")
    approver_agency: Mapped[str] = mapped_column(default="")
    approved_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def answer(self) -> AnswerDocument:
        return AnswerDocument.model_validate_json(self.document)

    @property
    def needed_role(self) -> Role:
        """Who must approve: the health department for what is medical."""
        return Role.HEALTH_DATA_OWNER if self.answer.medical else Role.CONTENT_APPROVER

    def may_be_approved_by(self, person: Person) -> bool:
        """Whether *person* has the role and did not write it."""
        return person.login != self.author and self.needed_role in person.role_set

    def approve(self, person: Person, *, now: datetime) -> None:
        """Put *person*'s name under this version, or raise ApprovalRefusedError.

        What the health department must answer for needs its own signature (founding plans: one
        source of health content); everything needs another person than the author.
        """
        if person.login == self.author:
            raise ApprovalRefusedError(
                f"{person.login} wrote {self.code} and cannot approve it. Nothing was changed; "
                "ask somebody else."
            )
        if self.needed_role not in person.role_set:
            raise ApprovalRefusedError(
                f"{self.code} must be approved by the role {self.needed_role.value}, which "
                f"{person.login} does not have. Nothing was changed."
            )
        self.approver, self.approver_agency, self.approved_at = person.login, person.agency, now


def keep_topic(session: Session, topic: TopicDocument, *, author: str, now: datetime) -> int:
    """Keep every answer of *topic* that says something else than before; return how many."""
    newest = {version.code: version for version in newest_versions(session)}
    kept = 0
    for code, answer in topic.answers.items():
        written = answer.model_dump_json(by_alias=True)
        digest = hashlib.sha256(f"{topic.topic}\n{topic.owner}\n{written}".encode()).hexdigest()
        before = newest.get(code)
        if before is not None and before.digest == digest:
            continue
        session.add(
            AnswerVersion(
                code=code,
                version=before.version + 1 if before else 1,
                topic=topic.topic,
                owner=topic.owner,
                document=written,
                digest=digest,
                author=author,
                written_at=now,
            )
        )
        kept += 1
    session.flush()
    if kept:
        mark_changed(session)
    return kept


def newest_versions(
    session: Session, *, after: str = "", limit: int | None = None
) -> list[AnswerVersion]:
    """Return the newest version of answers, approved or not, by code: *limit* of those *after*."""
    newest = (
        select(AnswerVersion.code, func.max(AnswerVersion.version).label("version"))
        .where(AnswerVersion.code > after)
        .group_by(AnswerVersion.code)
        .order_by(AnswerVersion.code)
        .limit(limit)
        .subquery()
    )
    is_newest = (AnswerVersion.code == newest.c.code) & (AnswerVersion.version == newest.c.version)
    return list(
        session.scalars(select(AnswerVersion).join(newest, is_newest).order_by(AnswerVersion.code))
    )


def approve_answers(
    session: Session, codes: Iterable[str], *, person: Person, now: datetime
) -> list[AnswerVersion]:
    """Approve the newest version of each of *codes*; all of them, or none.

    Raises UnknownAnswerError and ApprovalRefusedError, and FiguresMissingError while the day's
    figures that one of them quotes are missing.
    """
    newest = {version.code: version for version in newest_versions(session)}
    approved = []
    for code in codes:
        version = newest.get(code)
        if version is None:
            raise UnknownAnswerError(f"No answer has the code {code}. See `loa hotline answers`.")
        if version.approved_at is None:
            require_figures(session, version.answer.slots, now=now)
            version.approve(person, now=now)
            approved.append(version)
            record(
                session,
                "answer.approved",
                f"answer:{code}.{version.version}",
                now=now,
                approver=person.login,
                digest=version.digest,
            )
    session.flush()
    if approved:
        mark_changed(session)
    return approved


def approve_waiting(session: Session, person: Person, *, now: datetime) -> list[AnswerVersion]:
    """Approve the newest version of every answer that waits for somebody like *person*.

    Raises ApprovalRefusedError when answers wait, and none of them for *person*.
    """
    unapproved = [one for one in newest_versions(session) if one.approved_at is None]
    waiting = [one.code for one in unapproved if one.may_be_approved_by(person)]
    if unapproved and not waiting:
        roles = sorted({one.needed_role.value for one in unapproved})
        raise ApprovalRefusedError(
            f"{len(unapproved)} answers wait, and {person.login} may approve none of them: that "
            f"needs {' or '.join(roles)}, and nobody approves what they wrote. Nothing was changed."
        )
    return approve_answers(session, waiting, person=person, now=now)


def versions_of(session: Session, code: str) -> list[AnswerVersion]:
    """Return every version of the answer *code*, the newest first, or raise UnknownAnswerError."""
    of = select(AnswerVersion).where(AnswerVersion.code == code)
    found = list(session.scalars(of.order_by(AnswerVersion.version.desc())))
    if not found:
        raise UnknownAnswerError(f"No answer has the code {code}. See `loa hotline answers`.")
    return found


def approved_versions(session: Session) -> list[AnswerVersion]:
    """Return every version that was ever approved, in the order of approval."""
    return list(
        session.scalars(
            select(AnswerVersion)
            .where(AnswerVersion.approved_at.is_not(None))
            .order_by(AnswerVersion.code, AnswerVersion.approved_at, AnswerVersion.id)
        )
    )
