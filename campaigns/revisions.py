"""Revisions: a campaign's name, and each version of its document, which never changes."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.bulk import insert_new
from campaigns.definitions.canonical import canonical_json, digest
from campaigns.definitions.document import CampaignDocument
from campaigns.errors import SlugTakenError, UnknownCampaignError


class Campaign(Base):
    """What one slug stands for through all its revisions."""

    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    slug: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class Revision(Base):
    """One immutable version of a campaign's document; the digest is that of its content."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("campaign_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    number: Mapped[int]
    digest: Mapped[str]
    content: Mapped[str] = mapped_column(Text)
    author: Mapped[str]
    created_at: Mapped[datetime]
    campaign: Mapped[Campaign] = relationship(lazy="joined", init=False)

    @property
    def document(self) -> CampaignDocument:
        return CampaignDocument.model_validate_json(self.content)


def newest_revision(session: Session, campaign_id: int) -> Revision | None:
    return session.scalar(
        select(Revision)
        .where(Revision.campaign_id == campaign_id)
        .order_by(Revision.number.desc())
        .limit(1)
    )


def newest_by_slug(session: Session, slug: str, *, digest: str = "") -> Revision | None:
    """Return the newest revision of the campaign *slug*, or the newest with this *digest*."""
    query = (
        select(Revision)
        .join(Campaign, Campaign.id == Revision.campaign_id)
        .where(Campaign.slug == slug)
        .order_by(Revision.number.desc())
        .limit(1)
    )
    return session.scalar(query.where(Revision.digest == digest) if digest else query)


def get_newest_revision(session: Session, slug: str, *, to_change: bool = False) -> Revision:
    """Return the newest revision of the campaign *slug*, or raise UnknownCampaignError.

    Fetched *to_change* it, it stays the newest until the transaction ends.
    """
    if to_change:
        _held(session, slug)
    revision = newest_by_slug(session, slug)
    if revision is None:
        raise UnknownCampaignError(f"There is no campaign {slug}. Nothing was changed.")
    return revision


def list_campaigns(session: Session, *, before: int | None, limit: int) -> list[Revision]:
    """Return the newest revision of each campaign made before campaign *before*, newest first."""
    newest = (
        select(Revision.campaign_id, func.max(Revision.number).label("number"))
        .group_by(Revision.campaign_id)
        .order_by(Revision.campaign_id.desc())
        .limit(limit)
    )
    if before is not None:
        newest = newest.where(Revision.campaign_id < before)
    found = newest.subquery()
    return list(
        session.scalars(
            select(Revision)
            .join(
                found,
                (found.c.campaign_id == Revision.campaign_id) & (found.c.number == Revision.number),
            )
            .order_by(Revision.campaign_id.desc())
        )
    )


def authors_of(session: Session, revision: Revision) -> set[str]:
    """Return everybody who wrote this revision or one before it: all of them wrote what it says."""
    return set(
        session.scalars(
            select(Revision.author).where(
                Revision.campaign_id == revision.campaign_id, Revision.number <= revision.number
            )
        )
    )


def keep_revision(
    session: Session, document: CampaignDocument, *, author: str, revise: bool, now: datetime
) -> Revision:
    """Return the revision with exactly this content, making it if it is the first or *revise*.

    Raises SlugTakenError when the slug already stands for other content and *revise* is off, so
    that a copied file with a forgotten slug cannot replace somebody's campaign.
    """
    campaign = lock_campaign(session, document.campaign, now=now)
    newest = newest_revision(session, campaign.id)
    if newest is not None and newest.digest == digest(document):
        return newest
    if newest is not None and not revise:
        raise SlugTakenError(
            f"The campaign {document.campaign} exists with other content "
            f"(revision {newest.number}, by {newest.author}). Nothing was changed. "
            "Give this file another slug, or add --revise to make it the next revision; "
            "signatures on earlier plans are then void."
        )
    revision = Revision(
        campaign_id=campaign.id,
        number=newest.number + 1 if newest else 1,
        digest=digest(document),
        content=canonical_json(document),
        author=author,
        created_at=now,
    )
    session.add(revision)
    session.flush()
    session.refresh(revision)
    record(
        session,
        "campaign.revised",
        f"campaign:{campaign.slug}",
        now=now,
        before=newest.digest if newest else None,
        after=revision.digest,
        revision=revision.number,
        author=author,
    )
    return revision


def lock_campaign(session: Session, slug: str, *, now: datetime) -> Campaign:
    """Return the campaign, made if it is the first of its name, for this transaction alone.

    What is read of it from here on stays true until the transaction ends.
    """
    campaign = _held(session, slug)
    if campaign is None:
        # Somebody else may make it at this moment: then this waits, and theirs is the one.
        session.execute(insert_new(session, Campaign).values(slug=slug, created_at=now))
        campaign = _held(session, slug)
    if campaign is None:
        raise RuntimeError(f"the campaign {slug} was made and is not there")
    return campaign


def _held(session: Session, slug: str) -> Campaign | None:
    return session.scalar(select(Campaign).where(Campaign.slug == slug).with_for_update())
