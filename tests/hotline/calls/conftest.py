"""What calls about communes need."""

import pytest
from sqlalchemy.orm import Session

from tests.builders import an_area


@pytest.fixture
def ba_son(session: Session) -> str:
    """Three communes of one province; returns the code of the first."""
    an_area(session, "20", name="Lạng Sơn")
    an_area(session, "06196", name="Ba Sơn", parent="20")
    an_area(session, "06211", name="Cao Lộc", parent="20")
    an_area(session, "06637", name="Châu Sơn", parent="20")
    return "06196"
