"""Local texts: communes fill what authors leave to them, and nothing unsigned leaves by it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session, sessionmaker

from campaigns.access.standing import withdraw_person
from campaigns.areas import Area
from campaigns.audit import AuditEntry
from campaigns.broadcasts.launching import launch
from campaigns.errors import (
    CampaignError,
    EmptySlotError,
    LocalTextRefusedError,
    NotPermittedError,
    PersonWithdrawnError,
    PlanDriftedError,
    SignatureRefusedError,
    UnknownCampaignError,
    UnknownSlotError,
)
from campaigns.people import Person, Role, get_person, hold_person
from campaigns.plans.approvals import list_signatures, sign_plan, submit_plan
from campaigns.plans.local_texts import (
    LocalText,
    fill_local,
    fillers_of,
    list_local,
    newest_texts,
)
from campaigns.plans.models import Plan
from campaigns.plans.planning import PlanDraft, draft_plan
from campaigns.revisions import get_newest_revision, keep_revision
from campaigns.sealing import Sealer
from campaigns.texts.diacritics import unaccent
from service.area_files import recode_everywhere
from tests.builders import (
    NOON,
    TERMS,
    a_document,
    a_person,
    a_province,
    a_signed_plan,
    a_subscriber,
    an_area,
    numbered,
)
from tests.databases import someone_waits
from tests.fakes.processes import eventually

BA_SON, CAO_LOC = "06196", "06184"
TEXTS = {
    "vi": "Lạng Sơn: Mời đi tiêm tại {local_place}, {local_hours}. Hỏi đáp: {hotline}.",
    "en": "Lang Son: Get vaccinated at {local_place}, {local_hours}. Call {hotline}.",
}
DOCUMENT = a_document(campaign="tiem-chung", texts=TEXTS)
SAID = {"local_place": "Trạm y tế xã", "local_hours": "7h-11h ngày 3/3"}


@pytest.fixture
def editor(session: Session, sealer: Sealer) -> Person:
    """Whoever writes for the first of two communes, of a campaign that leaves them two slots."""
    a_province(session, sealer, people=2)
    keep_revision(session, DOCUMENT, author="tacgia", revise=False, now=NOON)
    return a_person(session, "xa", Role.COMMUNE_EDITOR, areas=[BA_SON])


def fill(
    session: Session, person: Person, area: str = BA_SON, /, **values: str
) -> dict[str, LocalText]:
    said = values or SAID
    return fill_local(session, "tiem-chung", area_code=area, values=said, person=person, now=NOON)


def fill_everywhere(session: Session) -> Person:
    everybody = a_person(session, "tinh", Role.COMMUNE_EDITOR, areas=["20"])
    for area in (BA_SON, CAO_LOC):
        fill(session, everybody, area)
    return everybody


def draft(session: Session) -> PlanDraft:
    return draft_plan(session, DOCUMENT, terms=TERMS, now=NOON)


def submit(session: Session) -> Plan:
    return submit_plan(session, draft(session), author="tacgia", revise=False, now=NOON)


class TestFilling:
    def test_citizens_read_what_their_commune_says(
        self, session: Session, sealer: Sealer, editor: Person
    ) -> None:
        """An English text names it without accents, as it does the area."""
        a_subscriber(session, sealer, area=BA_SON, language="en")
        fill_everywhere(session)
        fill(session, editor, local_place="Nhà văn hóa thôn Đông")
        bodies = {(text.language, text.area_code): text for text in draft(session).texts}
        assert "tại Nhà văn hóa thôn Đông, 7h-11h" in bodies["vi", BA_SON].chosen.body or (
            "tai Nha van hoa thon Dong, 7h-11h" in bodies["vi", BA_SON].chosen.body
        )
        assert "at Nha van hoa thon Dong, 7h-11h" in bodies["en", BA_SON].chosen.body
        assert "at Tram y te xa, 7h-11h" in bodies["en", CAO_LOC].chosen.body

    def test_the_newest_counts_and_nothing_is_forgotten(
        self, session: Session, editor: Person
    ) -> None:
        """Each change stands in the trail with digests; the same again is no change."""
        for place in ("Trạm y tế xã", "Trạm y tế xã"):
            fill(session, editor, local_place=place)
        newest = fill(session, editor, local_place="Nhà văn hóa")
        assert newest["local_place"].value == "Nhà văn hóa"
        kept = session.scalars(select(LocalText.value).order_by(LocalText.id)).all()
        assert kept == ["Trạm y tế xã", "Nhà văn hóa"]
        session.commit()
        first, second = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "local_texts.filled")
            .order_by(AuditEntry.number)
        )
        assert second.before == first.after != second.after
        assert "Nhà văn hóa" not in first.detail + second.detail

    def test_what_is_below_ones_area_is_ones_own(self, session: Session, editor: Person) -> None:
        an_area(session, "06197", name="Thôn Đông", parent=BA_SON)
        assert fill(session, editor, "06197").keys() == SAID.keys()

    @pytest.mark.parametrize("area", [CAO_LOC, "20", "99999", "x" * 400])
    def test_another_commune_is_refused(self, session: Session, editor: Person, area: str) -> None:
        """Neither a neighbour, nor what lies above, nor what is nowhere."""
        with pytest.raises(NotPermittedError, match="does not write for area"):
            fill(session, editor, area)
        assert session.scalars(select(LocalText)).all() == []

    @pytest.mark.usefixtures("editor")
    @pytest.mark.parametrize("role", [role for role in Role if role != Role.COMMUNE_EDITOR])
    def test_no_other_role_fills_anything(self, session: Session, role: Role) -> None:
        with pytest.raises(NotPermittedError, match="commune_editor"):
            fill(session, a_person(session, "khac", role))

    def test_a_code_that_has_ended_reaches_nothing(self, session: Session, editor: Person) -> None:
        """Whoever writes for the commune that takes its place is decided anew."""
        with pytest.raises(NotPermittedError):
            fill_local(
                session,
                "tiem-chung",
                area_code=BA_SON,
                values=SAID,
                person=editor,
                now=NOON - timedelta(days=365),
            )

    def test_the_withdrawn_fill_nothing(self, session: Session, editor: Person) -> None:
        withdraw_person(session, editor, now=NOON)
        with pytest.raises(PersonWithdrawnError):
            fill(session, editor)

    def test_only_what_the_newest_texts_leave_open_is_filled(
        self, session: Session, editor: Person
    ) -> None:
        for slot in ("local_contact", "area", "hotline", "x"):
            with pytest.raises(UnknownSlotError, match="local_place"):
                fill(session, editor, **{slot: "Bà Lan"})
        newer = a_document(campaign="tiem-chung")
        keep_revision(session, newer, author="tacgia", revise=True, now=NOON)
        with pytest.raises(UnknownSlotError, match="leaves none"):
            fill(session, editor)

    def test_a_campaign_for_others_is_not_filled(self, session: Session, editor: Person) -> None:
        elsewhere = a_document(campaign="noi-khac", texts=TEXTS, audience={"areas": [CAO_LOC]})
        keep_revision(session, elsewhere, author="tacgia", revise=False, now=NOON)
        for slug, refusal in (("noi-khac", LocalTextRefusedError), ("x", UnknownCampaignError)):
            with pytest.raises(refusal):
                fill_local(session, slug, area_code=BA_SON, values=SAID, person=editor, now=NOON)

    def test_one_fault_keeps_all_out(self, session: Session, editor: Person) -> None:
        with pytest.raises(LocalTextRefusedError, match="links"):
            fill(session, editor, local_hours="7h", local_place="bit.ly/abc")
        assert session.scalars(select(LocalText)).all() == []


class TestPlanning:
    def test_a_plan_names_the_communes_that_have_something_to_say_yet(
        self, session: Session, sealer: Sealer, editor: Person
    ) -> None:
        """The first five by name; a text with a hole never leaves."""
        for number in range(5):
            an_area(session, f"0700{number}", name=f"Số {number}", parent="20")
            a_subscriber(session, sealer, area=f"0700{number}")
        with pytest.raises(EmptySlotError, match=r"xã Xã 06184 \(06184\), .* and 2 more"):
            draft(session)
        fill(session, editor)
        with pytest.raises(EmptySlotError, match=r"06184.*, xã Số 3 \(07003\) and 1 more"):
            draft(session)

    @pytest.mark.usefixtures("editor")
    def test_half_filled_is_not_filled(self, session: Session) -> None:
        fill_everywhere(session)
        other = a_document(campaign="tiem-chung", texts={"vi": TEXTS["vi"] + " {local_contact}"})
        with pytest.raises(EmptySlotError, match="local_contact"):
            draft_plan(session, other, terms=TERMS, now=NOON)
        assert draft(session).recipients == 4
        assert fillers_of(session, get_newest_revision(session, "tiem-chung").campaign_id) == {
            "tinh"
        }

    @pytest.mark.usefixtures("editor")
    def test_where_nobody_lives_nothing_is_missing(self, session: Session) -> None:
        everybody = fill_everywhere(session)
        an_area(session, "06211", name="Không người", parent="20")
        assert draft(session).recipients == 4
        revision = get_newest_revision(session, "tiem-chung")
        found = list_local(session, revision, now=NOON)
        assert [(one.area.code, one.missing) for one in found] == [
            (CAO_LOC, ()),
            (BA_SON, ()),
            ("06211", ("local_place", "local_hours")),
        ]
        assert found[0].texts["local_place"].person is everybody
        assert [
            one.area.code for one in list_local(session, revision, only={BA_SON}, now=NOON)
        ] == [BA_SON]


class TestFromAbove:
    def test_the_nearest_word_above_holds_where_a_commune_says_nothing(
        self, session: Session, editor: Person
    ) -> None:
        """Slot by slot; a commune's own word is displaced by nothing from above."""
        everybody = a_person(session, "tinh", Role.COMMUNE_EDITOR, areas=["20"])
        fill(session, everybody, "20", local_place="Nhà văn hóa xã", local_hours="7h-11h")
        with_own = fill(session, editor, local_place="Trạm y tế xã")
        assert {slot: text.area_code for slot, text in with_own.items()} == {
            "local_place": BA_SON,
            "local_hours": "20",
        }
        bodies = {text.area_code: unaccent(text.chosen.body) for text in draft(session).texts}
        assert "tai Tram y te xa, 7h-11h" in bodies[BA_SON]
        assert "tai Nha van hoa xa, 7h-11h" in bodies[CAO_LOC]
        an_area(session, "061", name="Huyện", parent="20")
        session.scalars(select(Area).where(Area.code == CAO_LOC)).one().parent_code = "061"
        session.flush()
        fill(session, everybody, "061", local_place="Trường học")
        bodies = {text.area_code: unaccent(text.chosen.body) for text in draft(session).texts}
        assert "tai Truong hoc, 7h-11h" in bodies[CAO_LOC]
        assert "tai Tram y te xa, 7h-11h" in bodies[BA_SON]
        found = list_local(session, get_newest_revision(session, "tiem-chung"), now=NOON)
        assert {one.area.code: one.missing for one in found} == dict.fromkeys(
            ("061", CAO_LOC, BA_SON, "20"), ()
        )

    @pytest.mark.usefixtures("editor")
    def test_a_word_from_above_that_nobody_would_read_voids_nothing(self, session: Session) -> None:
        everybody = fill_everywhere(session)
        plan = a_signed_plan(session, DOCUMENT)
        fill(session, everybody, "20", local_place="Nhà văn hóa xã")
        assert launch(session, plan, terms=TERMS, now=NOON).deliveries == 4

    def test_a_word_from_above_that_somebody_would_read_voids_what_was_signed(
        self, session: Session, editor: Person
    ) -> None:
        everybody = a_person(session, "tinh", Role.COMMUNE_EDITOR, areas=["20"])
        fill(session, everybody, "20")
        fill(session, editor)
        plan = a_signed_plan(session, DOCUMENT)
        fill(session, everybody, "20", local_place="Nhà văn hóa xã")
        with pytest.raises(PlanDriftedError):
            launch(session, plan, terms=TERMS, now=NOON)


class TestRecoding:
    @pytest.fixture(autouse=True)
    def _communes(self, session: Session, editor: Person) -> None:
        """Two communes of the editor's are to become one that nobody lives in yet."""
        for code in ("06301", "06302"):
            an_area(session, code, name=f"Xã {code}", parent=BA_SON)
        for code in ("06401", "06402"):
            an_area(session, code, name=f"Xã {code}", parent=BA_SON)
        # Those two begin only with the reform.
        for area in session.scalars(select(Area).where(Area.code.startswith("064"))):
            area.valid_from = NOON.date()
        session.flush()
        assert fill(session, editor, "06301")

    def recode(self, session: Session, *pairs: tuple[str, str]) -> dict[str, LocalText]:
        rows = [{"old": old, "new": new, "on": f"{NOON:%Y-%m-%d}"} for old, new in pairs]
        recode_everywhere(session, numbered(rows), name="t", now=NOON)
        campaign = get_newest_revision(session, "tiem-chung").campaign_id
        return newest_texts(session, campaign).get(pairs[0][1], {})

    def test_what_was_filled_in_is_said_under_the_new_code(
        self, session: Session, editor: Person
    ) -> None:
        """As its writer's word; loaded again, what the commune says since stands."""
        taken = self.recode(session, ("06301", "06401"))
        assert {slot: text.value for slot, text in taken.items()} == SAID
        assert {text.person.login for text in taken.values()} == {"xa"}
        fill(session, editor, "06401", local_place="Nhà văn hóa")
        again = self.recode(session, ("06301", "06401"))
        assert again["local_place"].value == "Nhà văn hóa"

    def test_of_several_communes_only_what_all_of_them_say_is_taken_over(
        self, session: Session, editor: Person
    ) -> None:
        fill(session, editor, "06302", local_place=SAID["local_place"], local_hours="13h-17h")
        taken = self.recode(session, ("06301", "06401"), ("06302", "06401"))
        assert taken.keys() == {"local_place"}

    def test_a_commune_that_takes_in_another_is_not_spoken_for(self, session: Session) -> None:
        assert self.recode(session, ("06301", "06302")) == {}


class TestSigning:
    def test_filled_again_after_signing_nothing_leaves(
        self, session: Session, editor: Person
    ) -> None:
        """The digest covers every text as it would arrive."""
        fill_everywhere(session)
        plan = a_signed_plan(session, DOCUMENT)
        fill(session, editor, local_place="Nhà văn hóa")
        with pytest.raises(PlanDriftedError, match="what a commune"):
            launch(session, plan, terms=TERMS, now=NOON)
        fill(session, editor, **SAID)
        assert launch(session, plan, terms=TERMS, now=NOON).deliveries == 4

    @pytest.mark.usefixtures("editor")
    def test_nobody_signs_what_they_filled_in(self, session: Session) -> None:
        """Nor when somebody else has filled it anew, or the campaign was revised since."""
        fill_everywhere(session)
        both = a_person(session, "haivai", Role.COMMUNE_EDITOR, Role.SENDER, areas=[BA_SON])
        fill(session, both, local_place="Nhà văn hóa")
        fill(session, get_person(session, "xa"), local_place="Trạm y tế xã")
        with pytest.raises(SignatureRefusedError, match="wrote"):
            sign_plan(session, submit(session), both, now=NOON)

    @pytest.mark.usefixtures("editor")
    def test_nobody_fills_in_what_they_signed(self, session: Session) -> None:
        """Not even with what stands there: their signature would be an author's."""
        fill_everywhere(session)
        both = a_person(session, "haivai", Role.COMMUNE_EDITOR, Role.SENDER, areas=[BA_SON])
        plan = submit(session)
        sign_plan(session, plan, both, now=NOON)
        with pytest.raises(NotPermittedError, match=f"signed plan {plan.id}"):
            fill(session, both)


def test_nobody_fills_in_and_signs_at_once(
    own_engine: Engine, commits: sessionmaker[Session], sealer: Sealer
) -> None:
    """Two requests of one person at one moment: one of them is refused."""
    with commits.begin() as session:
        a_province(session, sealer, people=2)
        keep_revision(session, DOCUMENT, author="tacgia", revise=False, now=NOON)
        fill_everywhere(session)
        number = submit(session).id
        a_person(session, "haivai", Role.COMMUNE_EDITOR, Role.SENDER, areas=[BA_SON])

    def run(deed: Callable[[Session, Person], object]) -> object:
        try:
            with commits.begin() as session:
                return deed(session, get_person(session, "haivai"))
        except CampaignError as refused:
            return type(refused)

    def sign(session: Session, person: Person) -> object:
        return sign_plan(session, session.get_one(Plan, number), person, now=NOON)

    with ThreadPoolExecutor(2) as pool:
        with commits.begin() as session:
            hold_person(session, get_person(session, "haivai"))
            done = [
                pool.submit(run, deed)
                for deed in (lambda session, person: fill(session, person, local_place="A"), sign)
            ]
            assert eventually(lambda: someone_waits(own_engine, how_many=2))
        came_to = [one.result(30) for one in done]
    refusals = [one for one in came_to if isinstance(one, type)]
    assert len(refusals) == 1
    assert refusals[0] in {NotPermittedError, SignatureRefusedError}
    with commits() as session:
        signed = list_signatures(session, session.get_one(Plan, number))
        assert bool(signed) == (refusals[0] is NotPermittedError)


@pytest.mark.usefixtures("editor")
def test_a_look_at_many_communes_asks_the_database_no_more_often(
    engine: Engine, session: Session
) -> None:
    """A province has 65 of them, a country thousands."""
    fill_everywhere(session)
    revision = get_newest_revision(session, "tiem-chung")
    asked: list[str] = []

    def count() -> int:
        session.flush()
        session.expunge_all()
        asked.clear()
        found = list_local(session, revision, now=NOON)
        assert all(one.texts["local_place"].person.login for one in found)
        return len(asked)

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        few = count()
        everybody = get_person(session, "tinh")
        for number in range(5):
            an_area(session, f"0700{number}", name=f"Số {number}", parent="20")
            fill(session, everybody, f"0700{number}")
        assert count() == few > 0
    finally:
        event.remove(engine, "before_cursor_execute", note)
