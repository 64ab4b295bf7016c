"""Stop pages: looking at one changes nothing, one button opts its own reader out."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from campaigns.sealing import Sealer
from campaigns.subscribers.consent import consent_history
from campaigns.subscribers.models import Subscriber
from campaigns.subscribers.stop_links import stop_code
from tests.builders import NOON, a_phone, a_subscriber
from tests.fakes.telephones import an_exchange


@pytest.fixture
def browser(
    engine: Engine, sessions: sessionmaker[Session], sealer: Sealer, data_dir: Path
) -> FlaskClient:
    return an_exchange(engine, sessions, sealer, data_dir).app.test_client()


@pytest.fixture
def reader(session: Session, sealer: Sealer) -> Subscriber:
    one = a_subscriber(session, sealer, area="06196", phone=a_phone())
    session.commit()
    return one


def page_of(sealer: Sealer, reader: Subscriber) -> str:
    return f"/stop/{stop_code(sealer, reader.id)}"


def said(session: Session, reader: Subscriber) -> list[tuple[str, str]]:
    session.expire_all()
    return [(event.source, event.topic) for event in consent_history(session, reader)]


def test_a_preview_of_the_link_opts_nobody_out(
    session: Session, sealer: Sealer, browser: FlaskClient, reader: Subscriber
) -> None:
    path = page_of(sealer, reader)
    for method in ("GET", "HEAD", "OPTIONS"):
        assert browser.open(path, method=method).status_code == 200
    assert said(session, reader) == []
    assert session.get_one(Subscriber, reader.id).opted_out_at is None


def test_one_button_opts_its_reader_out_once(
    session: Session, sealer: Sealer, browser: FlaskClient, reader: Subscriber
) -> None:
    path = page_of(sealer, reader)
    for copied in ("", "."):
        page = browser.post(f"{path}{copied}")
        assert page.status_code == 200
        assert "Đã ghi nhận" in page.get_data(as_text=True)
    assert said(session, reader) == [("web link", "")]
    assert session.get_one(Subscriber, reader.id).opted_out_at == NOON


def test_the_reader_may_choose_a_topic(
    session: Session, sealer: Sealer, browser: FlaskClient, reader: Subscriber
) -> None:
    path = page_of(sealer, reader)
    assert 'value="vaccination"' in browser.get(path).get_data(as_text=True)
    browser.post(path, data={"topic": "vaccination"})
    assert said(session, reader) == [("web link", "vaccination")]
    assert session.get_one(Subscriber, reader.id).opted_out_at is None
    assert browser.post(path, data={"topic": "everything-else"}).status_code == 404


@pytest.mark.parametrize("code", ["x", "a" * 21, "%00", "é", "../me", "a" * 64])
def test_a_link_that_is_not_whole_changes_nothing_and_says_so(
    session: Session, browser: FlaskClient, reader: Subscriber, code: str
) -> None:
    for method in ("GET", "POST"):
        page = browser.open(f"/stop/{code}", method=method)
        assert page.status_code == 404
    assert said(session, reader) == []


def test_the_page_speaks_both_languages_and_shows_nobody(
    sealer: Sealer, browser: FlaskClient, reader: Subscriber
) -> None:
    """It loads nothing, runs nothing, and is found by no search."""
    page = browser.get(page_of(sealer, reader))
    text = page.get_data(as_text=True)
    assert "Ngừng nhận tin" in text
    assert 'lang="en"' in text
    assert "noindex" in text
    assert not re.search(r"\d{3} ?xxx|\+84|<script|src=", text)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert page.headers["Cache-Control"] == "no-store"


def test_the_code_is_not_logged(
    sealer: Sealer, browser: FlaskClient, reader: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        browser.get(page_of(sealer, reader))
    assert caplog.records
    assert stop_code(sealer, reader.id) not in str([vars(record) for record in caplog.records])


def test_without_its_database_the_page_asks_to_try_again(
    sealer: Sealer, data_dir: Path, tmp_path: Path
) -> None:
    """Nobody is told that texts stop while they do not."""
    nowhere = create_engine(f"sqlite:///{tmp_path}/no/such/place.sqlite3")
    browser = an_exchange(nowhere, sessionmaker(nowhere), sealer, data_dir).app.test_client()
    page = browser.post(f"/stop/{stop_code(sealer, 7)}")
    assert page.status_code == 503
    assert "Chưa có gì thay đổi" in page.get_data(as_text=True)
