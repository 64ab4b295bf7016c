"""Single deliveries are found page by page, however far apart they lie."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaigns.broadcasts.listing import LOOKED_AT, list_deliveries
from campaigns.deliveries import Delivery, DeliveryState
from campaigns.sealing import Sealer
from tests.builders import a_broadcast, a_province


def walk(
    session: Session,
    broadcast_id: int,
    *,
    state: DeliveryState | None = None,
    area_code: str = "",
) -> list[int]:
    """Return the positions that all pages hold together."""
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        page = list_deliveries(
            session, broadcast_id, state=state, area_code=area_code, after=after, limit=2
        )
        assert len(page.items) <= 2
        found += [one.delivery.position for one in page.items]
        after = page.go_on_after
    return found


def test_deliveries_are_listed_by_state_and_commune(session: Session, sealer: Sealer) -> None:
    """In the order of sending, those of another broadcast left out."""
    a_province(session, sealer, people=3)
    broadcast = a_broadcast(session).id
    refused = (Delivery.broadcast_id == broadcast) & Delivery.position.in_([2, 3, 5])
    session.execute(update(Delivery).where(refused).values(state=DeliveryState.REFUSED))
    listed = list_deliveries(session, broadcast, limit=9).items
    area = {one.delivery.position: one.area_code for one in listed}
    assert walk(session, broadcast) == sorted(area) == [1, 2, 3, 4, 5, 6]
    assert set(area.values()) == {"06184", "06196"}
    for code in set(area.values()):
        here = [position for position in sorted(area) if area[position] == code]
        assert walk(session, broadcast, area_code=code) == here
        both = [position for position in here if position in {2, 3, 5}]
        state = DeliveryState.REFUSED
        assert walk(session, broadcast, area_code=code, state=state) == both
    assert walk(session, broadcast, state=DeliveryState.UNKNOWN) == []
    assert walk(session, broadcast + 1) == []


def test_a_page_looks_no_further_than_it_should_and_the_next_goes_on(
    session: Session, sealer: Sealer
) -> None:
    """What lies behind a hundred thousand others is found by whoever goes on."""
    a_province(session, sealer, people=1)
    broadcast = a_broadcast(session).id
    far = 3 * LOOKED_AT
    session.execute(update(Delivery).where(Delivery.position == 2).values(position=far))
    first = list_deliveries(session, broadcast, limit=2)
    assert [one.delivery.position for one in first.items] == [1]
    assert first.go_on_after == LOOKED_AT
    empty = list_deliveries(session, broadcast, after=LOOKED_AT, limit=2)
    assert (empty.items, empty.go_on_after) == ([], 2 * LOOKED_AT)
    assert walk(session, broadcast) == [1, far]
