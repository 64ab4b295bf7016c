"""Voice messages at the carrier: fetched whole or not at all, and deleted for good."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.loopback.voices import DIRECTORY, Voices
from service.twilio.voices import TwilioVoices
from tests.fakes.carriers import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    LoopbackCarrier,
    a_loopback_carrier,
    a_server_that_says,
)
from tests.fakes.proxies import a_proxy

SID = "RE" + "a1" * 16
SOUND = b"RIFF\x04\x00\x00\x00WAVE"


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[LoopbackCarrier]:
    with a_loopback_carrier(tmp_path) as carrier:
        yield carrier


def the_voices(url: str, *, token: str = AUTH_TOKEN) -> TwilioVoices:
    return TwilioVoices(url, account_sid=ACCOUNT_SID, auth_token=token)


def test_a_message_is_fetched_as_often_as_asked_and_deleted_once(
    carrier: LoopbackCarrier, tmp_path: Path
) -> None:
    """What is already gone counts as deleted: whoever was killed meanwhile asks again."""
    Voices(tmp_path / DIRECTORY).keep(SID, seconds=7)
    voices = the_voices(carrier.url)
    sound = voices.fetch_voice(SID)
    assert sound is not None
    with wave.open(io.BytesIO(sound)) as message:
        assert message.getnframes() / message.getframerate() == pytest.approx(7)
    assert voices.fetch_voice(SID) == sound
    assert [voices.delete_voice(SID), voices.delete_voice(SID)] == [True, True]
    assert voices.fetch_voice(SID) is None
    assert list((tmp_path / DIRECTORY).iterdir()) == []


def test_without_the_right_token_nothing_is_given_or_deleted(
    carrier: LoopbackCarrier, tmp_path: Path
) -> None:
    """A wrong token must not look like a message that is gone."""
    Voices(tmp_path / DIRECTORY).keep(SID, seconds=1)
    strange = the_voices(carrier.url, token="another")  # noqa: S106 - opens nothing
    assert strange.fetch_voice(SID) is None
    assert not strange.delete_voice(SID)
    assert the_voices(carrier.url).fetch_voice(SID)


@pytest.mark.parametrize("sid", ["../carrier", "RE1", f"{SID}/../../carrier", "%2e%2e", ""])
def test_no_name_leads_to_another_file(carrier: LoopbackCarrier, sid: str) -> None:
    """Somebody who makes up names finds nothing and deletes nothing."""
    voices = the_voices(carrier.url)
    assert voices.fetch_voice(sid) is None
    voices.delete_voice(sid)
    assert carrier.journal.exists()


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, {}, b"{}"),
        (500, {}, b"{}"),
        (200, {}, b"<html>please sign in</html>"),
        (200, {}, b""),
        (200, {}, SOUND + b"\0" * (8 * 1024 * 1024)),
    ],
)
def test_what_is_not_the_message_is_not_taken_for_it(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    """Otherwise the only true copy would be deleted next."""
    with a_server_that_says((status, headers, body)) as server:
        assert the_voices(server.url).fetch_voice(SID) is None


def test_a_message_cut_off_on_its_way_is_fetched_again_later() -> None:
    """A connection that broke in the middle gives no message at all."""
    cut = (200, {"Content-Length": "1000", "Connection": "close"}, SOUND)
    with a_server_that_says(cut, cut) as server:
        assert the_voices(server.url).fetch_voice(SID) is None


def test_the_token_is_shown_to_the_carrier_alone() -> None:
    """A carrier may send us on to where it stores sounds; that one gets no token."""
    with a_server_that_says((200, {}, SOUND)) as store:
        away = (302, {"Location": f"{store.url}/sound"}, b"")
        with a_server_that_says(away) as carrier:
            assert the_voices(carrier.url).fetch_voice(SID) == SOUND
            assert "Authorization" in carrier.headers[0]
        assert "Authorization" not in store.headers[0]


def test_a_carrier_that_is_away_is_no_fault_of_ours() -> None:
    """Nothing is lost: the next run asks again."""
    nobody = the_voices("http://127.0.0.1:9")
    assert nobody.fetch_voice(SID) is None
    assert not nobody.delete_voice(SID)


def test_messages_are_for_our_user_alone(tmp_path: Path) -> None:
    """Also the carrier on this machine keeps what people said to itself."""
    Voices(tmp_path / DIRECTORY).keep(SID, seconds=1)
    (kept,) = (tmp_path / DIRECTORY).iterdir()
    assert kept.stat().st_mode & 0o077 == 0


def test_messages_come_through_the_proxy_of_the_settings() -> None:
    """As texts go, so that one setting is enough where only a proxy leads outside."""
    with a_server_that_says((200, {}, SOUND)) as server, a_proxy() as proxy:
        voices = TwilioVoices(
            server.url, account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, proxy=proxy.address
        )
        assert voices.fetch_voice(SID) == SOUND
    (request,) = proxy.requests
    assert request.startswith(f"GET {server.url}/2010-04-01/")
