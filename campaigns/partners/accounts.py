"""Accounts: which companies carry our texts, for which networks, and from where they may ask."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import ip_address, ip_network

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from campaigns.audit import record
from campaigns.bulk import change
from campaigns.deliveries import Batch
from campaigns.partners.errors import PartnerRefusedError, UnknownPartnerError
from campaigns.partners.models import Partner, PartnerCarrier
from campaigns.phones import known_carriers

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_STANDS = PartnerCarrier.until.is_(None)


def add_partner(
    session: Session,
    name: str,
    *,
    title: str = "",
    carriers: Iterable[str],
    contact: str = "",
    addresses: Iterable[str] = (),
    now: datetime,
) -> Partner:
    """Add a partner for the carriers in *carriers*, at least one.

    Raises PartnerRefusedError for what is no name, a name that is taken, a carrier nobody knows
    or that has a partner already, and for what is no address.
    """
    if not _NAME.fullmatch(name):
        raise PartnerRefusedError(
            f"{name!r} is no partner's name. Nothing was changed. Use small letters, digits and "
            "dashes, such as viettel-lang-son."
        )
    if find_partner(session, name) is not None:
        raise PartnerRefusedError(
            f"There is already a partner {name}. Nothing was changed; choose another name or see "
            "`loa partners status`."
        )
    partner = Partner(name=name, title=title or name, contact=contact, created_at=now)
    session.add(partner)
    session.flush()
    bound = bind_carriers(session, partner, carriers, now=now)
    allow_addresses(partner, addresses)
    session.flush()
    record(
        session,
        "partner.added",
        f"partner:{name}",
        now=now,
        carriers=bound,
        addresses=partner.networks.split(),
    )
    return partner


def bind_carriers(
    session: Session, partner: Partner, names: Iterable[str], *, now: datetime
) -> list[str]:
    """Let *partner* stand for the carriers in *names* and no others; return them in order.

    A carrier that is new here is reported on from *now* on; texts that were handed over to one
    that is left out stay with this partner. Raises PartnerRefusedError.
    """
    wanted, before = sorted(set(names)), carriers_of(session, partner)
    if unknown := sorted(set(wanted) - known_carriers()):
        raise PartnerRefusedError(
            f"{', '.join(unknown)} is no carrier whose numbers are known. Nothing was changed. "
            f"Choose from {', '.join(sorted(known_carriers()))}."
        )
    if not wanted:
        raise PartnerRefusedError(
            "A partner stands for at least one carrier. Nothing was changed. Name it."
        )
    taken = select(PartnerCarrier).where(
        PartnerCarrier.carrier.in_(wanted), PartnerCarrier.partner_id != partner.id, _STANDS
    )
    if other := session.scalar(taken):
        name = session.get_one(Partner, other.partner_id).name
        raise PartnerRefusedError(
            f"{other.carrier} has the partner {name} already. Nothing was changed. Withdraw it "
            "first, or leave the carrier out: each text is reported to one partner only."
        )
    moment = _hold_from(session, now=now)
    _end(session, partner, PartnerCarrier.carrier.not_in(wanted), at=moment)
    session.add_all(
        PartnerCarrier(carrier=carrier, partner_id=partner.id, since=moment)
        for carrier in wanted
        if carrier not in before
    )
    session.flush()
    return wanted


def allow_addresses(partner: Partner, addresses: Iterable[str]) -> None:
    """Let *partner*'s programs ask only from *addresses*, or networks such as 203.0.113.0/24.

    None means from anywhere. Raises PartnerRefusedError for what is none.
    """
    networks = set()
    for address in addresses:
        try:
            networks.add(str(ip_network(address)))
        except ValueError:
            raise PartnerRefusedError(
                f"{address!r} is no address and no network. Nothing was changed. Write one such "
                "as 203.0.113.7 or 203.0.113.0/24."
            ) from None
    partner.networks = " ".join(sorted(networks))


def may_ask_from(partner: Partner, address: str) -> bool:
    """Whether *partner*'s programs may ask from *address*."""
    if not partner.networks:
        return True
    try:
        asking = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(asking, "ipv4_mapped", None) or asking
    return any(mapped in ip_network(network) for network in partner.networks.split())


def change_partner(
    session: Session,
    partner: Partner,
    *,
    carriers: Iterable[str] | None = None,
    title: str | None = None,
    contact: str | None = None,
    addresses: Iterable[str] | None = None,
    now: datetime,
) -> None:
    """Change what is given; None leaves it as it is. Raises PartnerRefusedError."""
    require_open(partner)
    if carriers is not None:
        bind_carriers(session, partner, carriers, now=now)
    if addresses is not None:
        allow_addresses(partner, addresses)
    partner.title = title or partner.title
    partner.contact = partner.contact if contact is None else contact
    session.flush()
    record(
        session,
        "partner.changed",
        f"partner:{partner.name}",
        now=now,
        title=partner.title,
        carriers=carriers_of(session, partner),
        addresses=partner.networks.split(),
    )


def withdraw_partner(session: Session, partner: Partner, *, now: datetime) -> None:
    """End the account: its keys open nothing, its networks are free for another partner.

    What becomes of texts that were handed over to them is still settled with it.
    """
    if partner.withdrawn_at is None:
        # Held back first: who has written to one partner's row must not wait for the others.
        _end(session, partner, PartnerCarrier.carrier != "", at=_hold_from(session, now=now))
        partner.withdrawn_at = now
        record(session, "partner.withdrawn", f"partner:{partner.name}", now=now)


def _hold_from(session: Session, *, now: datetime) -> datetime:
    """Return from when on networks that change at *now* have another partner.

    That is behind whatever was claimed before everybody who tells could be held back: those texts
    were told to somebody already, and stay with them.
    """
    session.execute(select(Partner.id).order_by(Partner.id).with_for_update())
    newest = session.scalar(select(func.max(Batch.claimed_at)).where(Batch.claimed_at >= now))
    return newest + datetime.resolution if newest else now


def _end(session: Session, partner: Partner, which: ColumnElement[bool], *, at: datetime) -> None:
    change(
        session,
        update(PartnerCarrier)
        .where(PartnerCarrier.partner_id == partner.id, _STANDS, which)
        .values(until=at),
    )


def require_open(partner: Partner) -> None:
    """Raise PartnerRefusedError for an account that has ended."""
    if partner.withdrawn_at is not None:
        raise PartnerRefusedError(
            f"{partner.name} was withdrawn. Nothing was changed. Add the company as a new partner."
        )


def carriers_of(session: Session, partner: Partner) -> list[str]:
    """Return the carriers that *partner* stands for at this moment, in order."""
    return list(
        session.scalars(
            select(PartnerCarrier.carrier)
            .where(PartnerCarrier.partner_id == partner.id, _STANDS)
            .order_by(PartnerCarrier.carrier)
        )
    )


def all_carriers(session: Session) -> Mapping[int, list[str]]:
    """Return the carriers that partners stand for, by the partner's number."""
    found: dict[int, list[str]] = {}
    for one in session.scalars(
        select(PartnerCarrier).where(_STANDS).order_by(PartnerCarrier.carrier)
    ):
        found.setdefault(one.partner_id, []).append(one.carrier)
    return found


def find_partner(session: Session, name: str) -> Partner | None:
    return session.scalar(select(Partner).where(Partner.name == name))


def get_partner(session: Session, name: str) -> Partner:
    """Return the partner with this *name*, or raise UnknownPartnerError."""
    partner = find_partner(session, name)
    if partner is None:
        raise UnknownPartnerError(
            f"There is no partner {name}. Nothing was changed. See `loa partners status`."
        )
    return partner


def list_partners(session: Session) -> list[Partner]:
    return list(session.scalars(select(Partner).order_by(Partner.name)))
