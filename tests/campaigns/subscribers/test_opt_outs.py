"""One opt-out: by whatever door it comes in, it holds, it is proven, and no list undoes it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.audit import AuditEntry
from campaigns.sealing import Sealer
from campaigns.subscribers.consent import (
    consent_history,
    erase,
    get_subscriber,
    has_opted_out,
    opt_in,
    opt_out,
    opt_out_by_link,
    stopped_topics,
)
from campaigns.subscribers.counts import count_subscribers
from campaigns.subscribers.models import Subscriber, may_be_texted
from campaigns.subscribers.opt_outs import opt_out_listed, take_partner_opt_outs
from campaigns.subscribers.stop_links import STOP_CODE_CHARS, read_stop_code, stop_code
from tests.builders import NOON, a_phone, a_subscriber, an_area
from tests.campaigns.subscribers.lists import a_list, import_now

KEY = Sealer(b"a seal key that opens only tests")


def opted_out(session: Session, sealer: Sealer, phone: str, topic: str = "") -> bool:
    return has_opted_out(session, sealer.fingerprint(phone), topic=topic)


class TestTopics:
    def test_a_stop_about_a_topic_holds_for_that_alone(
        self, session: Session, sealer: Sealer
    ) -> None:
        phone = a_phone()
        one = a_subscriber(session, sealer, area="06196", phone=phone)
        for _ in range(2):
            opt_out(session, phone, source="s", sealer=sealer, now=NOON, topic="vaccination")
        assert stopped_topics(session, one) == ["vaccination"]
        for topic, reached in (("vaccination", 0), ("levels", 1), ("", 1)):
            found = select(func.count()).select_from(Subscriber).where(may_be_texted(topic))
            assert session.scalar(found) == reached
        assert [event.topic for event in consent_history(session, one)] == ["vaccination"] * 2

    def test_an_opt_out_from_everything_covers_every_topic(
        self, session: Session, sealer: Sealer
    ) -> None:
        phone = a_phone()
        opt_out(session, phone, source="s", sealer=sealer, now=NOON)
        assert opted_out(session, sealer, phone, "levels")

    def test_who_wants_texts_again_wants_all_of_them(
        self, session: Session, sealer: Sealer
    ) -> None:
        phone = a_phone()
        one = a_subscriber(session, sealer, area="06196", phone=phone)
        opt_out(session, phone, source="s", sealer=sealer, now=NOON, topic="levels")
        opt_out(session, phone, source="s", sealer=sealer, now=NOON)
        opt_in(session, phone, source="s", sealer=sealer, now=NOON)
        assert stopped_topics(session, one) == []
        assert not opted_out(session, sealer, phone, "levels")

    def test_somebody_known_by_a_stop_alone_is_not_counted_as_reachable(
        self, session: Session, sealer: Sealer
    ) -> None:
        opt_out(session, a_phone(), source="s", sealer=sealer, now=NOON, topic="levels")
        assert count_subscribers(session).reachable == 0


class TestLists:
    def test_a_list_opts_out_whoever_is_on_it_however_numbers_are_written(
        self, session: Session, sealer: Sealer
    ) -> None:
        here, before, elsewhere = (a_phone() for _ in range(3))
        a_subscriber(session, sealer, area="06196", phone=here)
        a_subscriber(session, sealer, area="06196", phone=before, opted_out_at=NOON)
        rows = [here, f"0{here[3:]}", before, f"84{elsewhere[3:]}", "1022", ""]
        listed = opt_out_listed(
            session, rows, source="clerk", evidence="e" * 32, sealer=sealer, now=NOON
        )
        assert (listed.opted_out, listed.known) == (2, 1)
        assert dict(listed.refused) == {"short_code": 1, "empty": 1}
        assert all(opted_out(session, sealer, phone) for phone in (here, before, elsewhere))
        (event,) = consent_history(session, get_subscriber(session, here, sealer=sealer))
        assert (event.source, event.evidence) == ("clerk", "e" * 32)

    def test_the_same_list_again_changes_nothing(self, session: Session, sealer: Sealer) -> None:
        phones = [a_phone() for _ in range(3)]
        for expected in ((3, 0), (0, 3)):
            listed = opt_out_listed(
                session,
                phones,
                source="clerk",
                evidence="",
                sealer=sealer,
                now=NOON,
                topic="levels",
            )
            assert (listed.opted_out, listed.known) == expected

    def test_a_long_list_is_one_entry_of_the_trail_without_a_number_in_it(
        self, session: Session, sealer: Sealer
    ) -> None:
        phones = [a_phone() for _ in range(1201)]
        opt_out_listed(session, phones, source="clerk", evidence="", sealer=sealer, now=NOON)
        session.commit()
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "subscribers.opted_out")
        ).all()
        assert len(entries) == 1
        assert '"opted_out":1201' in entries[0].detail.replace(" ", "")
        assert not re.search(r"\d{9}", entries[0].detail)

    def test_a_partners_list_is_proven_by_its_own_report(
        self, session: Session, sealer: Sealer
    ) -> None:
        """The partner can be held to the very report it handed over, and to no other."""
        phone = a_phone()
        take_partner_opt_outs(
            session, "viettel", [phone], proof="report 7, abc", sealer=sealer, now=NOON
        )
        (event,) = consent_history(session, get_subscriber(session, phone, sealer=sealer))
        assert event.source == "partner viettel"
        assert event.evidence == sealer.evidence("partner", "viettel", "report 7, abc")


class TestLinks:
    def test_a_link_opts_its_own_reader_out_once(self, session: Session, sealer: Sealer) -> None:
        phone = a_phone()
        one = a_subscriber(session, sealer, area="06196", phone=phone)
        for _ in range(2):
            opt_out_by_link(session, one.id, topic="", evidence="e", now=NOON)
        opt_out_by_link(session, one.id + 1000, topic="", evidence="e", now=NOON)
        assert opted_out(session, sealer, phone)
        assert [event.source for event in consent_history(session, one)] == ["web link"]

    @given(st.integers(0, 2**40 - 1))
    def test_a_code_leads_back_to_its_subscriber(self, subscriber_id: int) -> None:
        code = stop_code(KEY, subscriber_id)
        assert len(code) == STOP_CODE_CHARS
        assert code.isalnum()
        assert read_stop_code(KEY, code) == read_stop_code(KEY, code.upper()) == subscriber_id
        assert read_stop_code(Sealer(b"another key, of another database"), code) is None

    @given(st.integers(0, 2**40 - 1), st.data())
    def test_no_letter_of_a_code_can_be_changed(
        self, subscriber_id: int, data: st.DataObject
    ) -> None:
        code = stop_code(KEY, subscriber_id)
        at = data.draw(st.integers(0, STOP_CODE_CHARS - 1))
        other = data.draw(st.sampled_from([c for c in "abcxyz234567" if c != code[at]]))
        assert read_stop_code(KEY, code[:at] + other + code[at + 1 :]) is None

    @given(st.text(max_size=40))
    def test_whatever_else_is_no_code(self, text: str) -> None:
        assert read_stop_code(KEY, text) is None


class TestForGood:
    @pytest.mark.parametrize("topic", ["", "vaccination"])
    def test_no_later_list_brings_somebody_back(
        self, session: Session, sealer: Sealer, tmp_path: Path, topic: str
    ) -> None:
        phone = a_phone()
        opt_out(session, phone, source="s", sealer=sealer, now=NOON, topic=topic)
        import_somebody(session, sealer, tmp_path, phone)
        one = get_subscriber(session, phone, sealer=sealer)
        assert (one.sealed is None, one.area_code) == (False, "06196")
        assert opted_out(session, sealer, phone, "vaccination")

    def test_an_erasure_keeps_the_stop_as_a_fingerprint_and_no_list_fills_it_in_again(
        self, session: Session, sealer: Sealer, tmp_path: Path
    ) -> None:
        phone = a_phone()
        a_subscriber(session, sealer, area="06196", phone=phone)
        proof = sealer.evidence("text", "SM1", "STOP")
        opt_out(session, phone, source="inbound text", sealer=sealer, now=NOON, evidence=proof)
        erase(session, phone, source="letter", sealer=sealer, now=NOON + timedelta(days=1))
        import_somebody(session, sealer, tmp_path, phone)
        one = get_subscriber(session, phone, sealer=sealer)
        assert (one.sealed, one.area_code, one.opted_out_at) == (None, "", NOON)
        stopped, erased = consent_history(session, one)
        assert (stopped.evidence, erased.kind) == (proof, "erased")
        reached = select(func.count()).select_from(Subscriber).where(may_be_texted())
        assert session.scalar(reached) == 0


def import_somebody(session: Session, sealer: Sealer, directory: Path, phone: str) -> None:
    an_area(session, "06196")
    path = a_list(directory, f"{phone},06196,vi,,,")
    assert import_now(session, path, sealer=sealer).rows_read == 1
