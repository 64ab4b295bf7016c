"""Local texts: what each commune fills into the slots that a campaign leaves to it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from campaigns.areas import LONGEST_CODE, Area, codes_below, list_areas
from campaigns.audit import record
from campaigns.base import Base, BigId
from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.local_words import LONGEST_VALUE, read_local
from campaigns.errors import LocalTextRefusedError, NotPermittedError, UnknownSlotError
from campaigns.local_time import local_day
from campaigns.people import Person, Role, editable_areas, hold_person, require_active
from campaigns.plans.models import Plan, Signature
from campaigns.plans.rendering import slots_of
from campaigns.revisions import Campaign, Revision, get_newest_revision
from campaigns.texts.slots import LOCAL_SLOTS


class LocalText(Base):
    """One value for one slot of a campaign in one area; a further row replaces it, none goes."""

    __tablename__ = "local_texts"
    __table_args__ = (Index("ix_local_texts_place", "campaign_id", "area_code", "slot"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    area_code: Mapped[str] = mapped_column(String(LONGEST_CODE))
    slot: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(String(LONGEST_VALUE))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    filled_at: Mapped[datetime]
    person: Mapped[Person] = relationship(lazy="joined", init=False)


@dataclass(frozen=True, slots=True)
class LocalPlace:
    """One area of a campaign: what holds there, by slot, and what is still missing.

    A text of another area is that of the nearest one above which says anything in its slot.
    """

    area: Area
    texts: Mapping[str, LocalText]
    missing: tuple[str, ...]


def fill_local(
    session: Session,
    slug: str,
    *,
    area_code: str,
    values: Mapping[str, str],
    person: Person,
    now: datetime,
) -> dict[str, LocalText]:
    """Fill *values*, by slot, into the campaign *slug* for one area; return what holds there now.

    A value is said in every language, as the names of places are, and holds for whatever is below
    the area and says nothing of its own. The same value again is no change. Plans made before are
    void, for their texts are others. Raises PersonWithdrawnError; NotPermittedError for an area
    that *person* does not write for, and for whoever signed the newest revision;
    UnknownCampaignError; UnknownSlotError for what its texts do not leave open;
    LocalTextRefusedError for what nobody may fill in, and where the campaign is for other areas.
    """
    hold_person(session, person)
    require_active(person)
    _require_own(session, person, area_code, now=now)
    revision = get_newest_revision(session, slug, to_change=True)
    _require_open(revision.document, values)
    _require_reached(session, revision, area_code, now=now)
    _require_unsigned(session, revision, person)
    said = {slot: read_local(slot, value) for slot, value in sorted(values.items())}
    _keep(session, revision.campaign, area_code, said, person=person, now=now)
    areas = list_areas(session, on=local_day(now))
    return _holding(areas, newest_texts(session, revision.campaign_id))[area_code]


def local_values(
    session: Session, document: CampaignDocument, *, now: datetime
) -> dict[str, dict[str, str]]:
    """Return what each area says in the campaign of *document*, by area and slot."""
    if not open_slots(document):
        return {}
    campaign = session.scalar(select(Campaign.id).where(Campaign.slug == document.campaign))
    if campaign is None:
        return {}
    areas = list_areas(session, on=local_day(now))
    return {
        area: {slot: text.value for slot, text in texts.items()}
        for area, texts in _holding(areas, newest_texts(session, campaign)).items()
    }


def list_local(
    session: Session, revision: Revision, *, only: Collection[str] | None = None, now: datetime
) -> list[LocalPlace]:
    """Return the places of a campaign's audience, or those of them in *only*, by code.

    Places are areas with nothing below them, and whatever else was filled in.
    """
    slots = open_slots(revision.document)
    areas = list_areas(session, on=local_day(now))
    parents = {area.parent_code for area in areas}
    reached = _reached(areas, revision.document)
    filled = newest_texts(session, revision.campaign_id)
    holding = _holding(areas, filled)
    return [
        local_place(area, holding[area.code], slots)
        for area in areas
        if area.code in reached
        and (only is None or area.code in only)
        and (area.code not in parents or area.code in filled)
    ]


def local_place(area: Area, texts: Mapping[str, LocalText], slots: Collection[str]) -> LocalPlace:
    """Return what of *texts* is said in *slots* at *area*, and which of them are empty."""
    said = {slot: texts[slot] for slot in slots if slot in texts}
    return LocalPlace(area, said, tuple(slot for slot in slots if slot not in said))


def open_slots(document: CampaignDocument) -> tuple[str, ...]:
    """Return the slots that the texts of *document* leave to each commune."""
    used = slots_of(document)
    return tuple(slot for slot in LOCAL_SLOTS if slot in used)


def fillers_of(session: Session, campaign_id: int) -> set[str]:
    """Return everybody who ever filled something in: they wrote a part of what it says."""
    return set(
        session.scalars(
            select(Person.login)
            .join(LocalText, LocalText.person_id == Person.id)
            .where(LocalText.campaign_id == campaign_id)
        )
    )


def _keep(
    session: Session,
    campaign: Campaign,
    area_code: str,
    said: Mapping[str, str],
    *,
    person: Person,
    now: datetime,
) -> None:
    """Keep what of *said* is another value than before."""
    known = newest_texts(session, campaign.id, area_code).get(area_code, {})
    before = {slot: text.value for slot, text in known.items()}
    fresh = {slot: value for slot, value in said.items() if before.get(slot) != value}
    if not fresh:
        return
    session.add_all(
        LocalText(
            campaign_id=campaign.id,
            area_code=area_code,
            slot=slot,
            value=value,
            person_id=person.id,
            filled_at=now,
        )
        for slot, value in fresh.items()
    )
    session.flush()
    record(
        session,
        "local_texts.filled",
        f"campaign:{campaign.slug}",
        now=now,
        before=before,
        after=before | fresh,
        area=area_code,
        slots=sorted(fresh),
    )


def newest_texts(
    session: Session, campaign_id: int, area_code: str | None = None
) -> dict[str, dict[str, LocalText]]:
    """Return what was filled in last for each area itself, or for one, by area and slot."""
    newest = select(func.max(LocalText.id)).where(LocalText.campaign_id == campaign_id)
    if area_code is not None:
        newest = newest.where(LocalText.area_code == area_code)
    newest = newest.group_by(LocalText.area_code, LocalText.slot)
    found: dict[str, dict[str, LocalText]] = {}
    for text in session.scalars(select(LocalText).where(LocalText.id.in_(newest))):
        found.setdefault(text.area_code, {})[text.slot] = text
    return found


def _holding(
    areas: Sequence[Area], filled: Mapping[str, Mapping[str, LocalText]]
) -> dict[str, dict[str, LocalText]]:
    """Return what holds in each of *areas*: its own word, else that of the nearest one above."""
    above = {area.code: area.parent_code for area in areas}
    holding: dict[str, dict[str, LocalText]] = {}
    for code in above:
        said: dict[str, LocalText] = {}
        asked: str | None = code
        while asked is not None:
            said = {**filled.get(asked, {}), **said}
            asked = above.get(asked)
        holding[code] = said
    return holding


def _reached(areas: list[Area], document: CampaignDocument) -> set[str]:
    valid = {area.code for area in areas}
    return codes_below(areas, valid.intersection(document.audience.areas))


def _require_own(session: Session, person: Person, area_code: str, *, now: datetime) -> None:
    if Role.COMMUNE_EDITOR not in person.role_set:
        raise NotPermittedError(
            f"Local slots are filled by the role {Role.COMMUNE_EDITOR}, which {person.login} does "
            "not have. Nothing was changed."
        )
    if area_code not in editable_areas(session, person, now=now):
        raise NotPermittedError(
            f"{person.login} does not write for area {area_code[:LONGEST_CODE]}. Nothing was "
            f"changed; an administrator may add it with `loa users change {person.login} --area`."
        )


def _require_open(document: CampaignDocument, values: Mapping[str, str]) -> None:
    slots = open_slots(document)
    unknown = [slot for slot in values if slot not in slots]
    if unknown:
        known = ", ".join(f"{{{slot}}}" for slot in slots) or "none"
        raise UnknownSlotError(
            f"The campaign {document.campaign} does not leave the slot {{{unknown[0][:40]}}} to "
            f"communes; it leaves {known}. Nothing was changed."
        )


def _require_reached(
    session: Session, revision: Revision, area_code: str, *, now: datetime
) -> None:
    areas = list_areas(session, on=local_day(now))
    if area_code not in _reached(areas, revision.document):
        raise LocalTextRefusedError(
            f"The campaign {revision.document.campaign} is for other areas than {area_code}. "
            "Nothing was changed."
        )


def _require_unsigned(session: Session, revision: Revision, person: Person) -> None:
    """Nobody writes what they signed; the other way round `sign_plan` refuses."""
    signed = session.scalar(
        select(Plan.id)
        .join(Signature, Signature.plan_id == Plan.id)
        .where(Plan.revision_id == revision.id, Signature.person_id == person.id)
        .limit(1)
    )
    if signed is not None:
        raise NotPermittedError(
            f"{person.login} signed plan {signed} of this campaign, and nobody writes what they "
            "signed. Nothing was changed; ask another editor of the commune."
        )
