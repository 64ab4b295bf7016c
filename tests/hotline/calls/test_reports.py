"""Reports: a rumour or feedback is safe first, and then asked where it was."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.steps import AwaitVoice, HangUp, Transfer
from hotline.tickets import Ticket
from tests.builders import a_phone, a_subscriber
from tests.hotline.builders import CallerOnTheLine, a_library


@pytest.mark.parametrize(
    ("heard", "area"), [("06196", "06196"), ("227", "06196"), ("1", ""), ("99999", "")]
)
@pytest.mark.usefixtures("ba_son")
def test_a_report_of_somebody_on_no_list_is_given_its_commune_afterwards(
    session: Session, sealer: Sealer, heard: str, area: str
) -> None:
    """The report is safe before; whoever keys nonsense or nothing is thanked all the same."""
    caller = CallerOnTheLine(session, a_library(), sealer)
    caller.press("14")
    said = caller.leave_message()
    assert "~report_kept~" in said
    assert "~report_where~" in said
    ticket = session.scalars(select(Ticket)).one()
    assert ticket.area_code == ""
    assert ("~report_where_kept~ xã Ba Sơn" in caller.key_in(heard)) == bool(area)
    assert isinstance(caller.ending, HangUp)
    session.refresh(ticket)
    assert ticket.area_code == area


def test_a_report_of_somebody_on_the_list_has_their_commune(
    session: Session, sealer: Sealer, ba_son: str
) -> None:
    number = a_phone()
    a_subscriber(session, sealer, area=ba_son, phone=number)
    caller = CallerOnTheLine(session, a_library(), sealer, number=number)
    caller.press("14")
    assert "~report_where~" not in caller.leave_message()
    assert isinstance(caller.ending, HangUp)
    assert session.scalars(select(Ticket.area_code)).one() == ba_son


def test_whoever_says_nothing_after_the_tone_is_not_told_to_press_a_key(
    session: Session, sealer: Sealer
) -> None:
    """They are asked to speak: nothing was heard, and here is the question again."""
    for keys in ("14", "10"):
        caller = CallerOnTheLine(session, a_library(), sealer)
        caller.press(keys)
        if isinstance(caller.ending, Transfer):
            caller.be_transferred(was_answered=False)
        assert isinstance(caller.ending, AwaitVoice)
        said = caller.stay_silent()
        assert "~voicemail_empty~" in said
        assert "~silence~" not in said
        assert isinstance(caller.ending, AwaitVoice)
