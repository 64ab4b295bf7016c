"""Revisions: a campaign's name, and each version of its document, which never changes."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.base import Base, BigId
from campaigns.definitions.canonical import canonical_json, digest
from campaigns.definitions.document import CampaignDocument
from campaigns.errors import SlugTakenError


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


def keep_revision(
    session: Session, document: CampaignDocument, *, author: str, revise: bool, now: datetime
) -> Revision:
    """Return the revision with exactly this content, making it if it is the first or *revise*.

    Raises SlugTakenError when the slug already stands for other content and *revise* is off, so
    that a copied file with a forgotten slug cannot replace somebody's campaign.
    """
    campaign = session.scalar(
        select(Campaign).where(Campaign.slug == document.campaign).with_for_update()
    )
    if campaign is None:
        campaign = Campaign(slug=document.campaign, created_at=now)
        session.add(campaign)
        session.flush()
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
    return revision
