"""What partners call texts: it can be read by us alone, and tells them nothing."""

import base64
import os

from hypothesis import given
from hypothesis import strategies as st

from campaigns.partners.references import References
from campaigns.sealing import Sealer

KEY = Sealer(bytes(range(32)))
BROADCASTS, POSITIONS = st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1)


@given(BROADCASTS, POSITIONS)
def test_a_reference_leads_back_to_its_text(broadcast: int, position: int) -> None:
    references = References(KEY, 1)
    reference = references.make(broadcast, position)
    assert len(reference) == 22
    assert references.read(reference) == (broadcast, position)


@given(BROADCASTS, POSITIONS)
def test_another_partner_has_another_name_for_it(broadcast: int, position: int) -> None:
    theirs = References(KEY, 2)
    reference = References(KEY, 1).make(broadcast, position)
    assert theirs.make(broadcast, position) != reference
    assert theirs.read(reference) is None


@given(st.text(max_size=30))
def test_what_somebody_makes_up_names_nothing(text: str) -> None:
    assert References(KEY, 1).read(text) is None


def test_random_blocks_name_nothing() -> None:
    for _ in range(2000):
        made_up = base64.b64encode(os.urandom(16), b"._")[:22].decode()
        assert References(KEY, 1).read(made_up) is None


def test_no_spreadsheet_takes_a_reference_for_a_formula() -> None:
    """A file that is opened and saved again still names the same texts."""
    made = References(KEY, 1).make_all((7, position) for position in range(5000))
    assert not [one for one in made if one.startswith(("=", "+", "-", "@", "/", "'"))]


def test_many_are_named_as_one_by_one() -> None:
    references = References(KEY, 7)
    texts = [(n, n * 3) for n in range(100)]
    assert references.make_all(texts) == [references.make(*text) for text in texts]
    assert len(set(references.make_all(texts))) == 100
