"""The carrier on this machine: a real process that takes texts, remembers them, and reports."""

import base64
import json
import signal
import stat
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from campaigns.gateway import Accepted, OutgoingText
from service.twilio.gateway import TwilioGateway
from service.twilio.signatures import SignatureValidator
from tests.builders import a_phone
from tests.fakes.carriers import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    TOKENS,
    LoopbackCarrier,
    ScriptedServer,
    a_gateway,
    a_loopback_carrier,
    a_server_that_says,
    environment,
    loa_carrier,
)
from tests.fakes.processes import eventually

MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages"
TAKEN: tuple[int, dict[str, str], bytes] = (204, {}, b"")


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackCarrier]:
    with a_loopback_carrier(tmp_path_factory.mktemp("carrier")) as carrier:
        yield carrier


def send(gateway: TwilioGateway, numbers: list[str]) -> list[str]:
    until = datetime.now(UTC) + timedelta(seconds=30)
    texts = [OutgoingText(1, i, to, "xin chào", "Loa", 1, None) for i, to in enumerate(numbers)]
    answers = gateway.send_all(texts, until=until)
    gateway.close()
    return [answer.sid for answer in answers if isinstance(answer, Accepted)]


def ask(
    carrier: LoopbackCarrier, path: str, *, token: str = AUTH_TOKEN, body: bytes | None = None
) -> tuple[int, Any]:
    credentials = base64.b64encode(f"{ACCOUNT_SID}:{token}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - our own address
        carrier.url + path, body, {"Authorization": f"Basic {credentials}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def calls(server: ScriptedServer) -> list[tuple[str, str]]:
    """Return the recipient and status of each callback, in the order of arrival."""
    forms = [dict(parse_qsl(body.decode())) for body in list(server.bodies)]
    return [(form["To"], form["MessageStatus"]) for form in forms]


def test_callbacks_are_what_twilio_sends_and_signed(carrier: LoopbackCarrier) -> None:
    """First sent, then delivered, each signed over the address we gave."""
    to = a_phone()
    with a_server_that_says(TAKEN) as web:
        (sid,) = send(a_gateway(carrier.url, public_url=web.url), [to])
        assert eventually(lambda: len(web.bodies) == 2)
        assert calls(web) == [(to, "sent"), (to, "delivered")]
        for path, body, headers in zip(web.paths, web.bodies, web.headers, strict=True):
            form = parse_qsl(body.decode())
            assert TOKENS.read(path.rpartition("/")[2]) == (1, 0)
            signature = headers["X-Twilio-Signature"]
            assert SignatureValidator(AUTH_TOKEN).is_valid(web.url + path, form, signature)
            assert dict(form)["MessageSid"] == sid
            assert dict(form)["AccountSid"] == ACCOUNT_SID


def test_callbacks_are_repeated_until_our_web_answers(carrier: LoopbackCarrier) -> None:
    """Our web is starting and says 503: the carrier comes again, and nothing is lost."""
    to = a_phone()
    with a_server_that_says((503, {}, b""), (503, {}, b""), TAKEN) as web:
        send(a_gateway(carrier.url, public_url=web.url), [to])
        assert eventually(lambda: len(web.bodies) == 4)
        assert Counter(calls(web)) == {(to, "sent"): 2, (to, "delivered"): 2}


def test_failing_numbers_are_the_same_every_time(tmp_path: Path) -> None:
    """About the asked share fails, with a code; the same seed fails the same numbers."""
    numbers = [a_phone() for _ in range(200)]
    fates: list[set[str]] = []
    for run in ("first", "second"):
        with (
            a_server_that_says(TAKEN) as web,
            a_loopback_carrier(tmp_path / run, "--fail", "0.2", "--seed", "s") as carrier,
        ):
            send(a_gateway(carrier.url, public_url=web.url), numbers)
            assert eventually(lambda: len(web.bodies) == 400)
            forms = [dict(parse_qsl(body.decode())) for body in web.bodies]
            failed = [form for form in forms if form["MessageStatus"] == "undelivered"]
            assert {form["ErrorCode"] for form in failed} <= {"30003", "30005", "30006", "30008"}
            fates.append({form["To"] for form in failed})
    assert fates[0] == fates[1]
    assert 15 < len(fates[0]) < 70


def test_callbacks_come_late_twice_and_shuffled_on_request(tmp_path: Path) -> None:
    """Everything a careless network does: each receipt twice, and not in order."""
    numbers = [a_phone() for _ in range(40)]
    options = ("--late-ms", "200", "--twice", "--shuffle")
    with a_server_that_says(TAKEN) as web, a_loopback_carrier(tmp_path, *options) as carrier:
        send(a_gateway(carrier.url, public_url=web.url), numbers)
        assert eventually(lambda: len(web.bodies) == 160)
        arrived = calls(web)
    assert set(Counter(arrived).values()) == {2}
    first: dict[str, str] = {}
    for to, status in arrived:
        first.setdefault(to, status)
    assert set(first.values()) == {"sent", "delivered"}


def test_a_killed_carrier_remembers_and_reports_what_it_still_owes(tmp_path: Path) -> None:
    """SIGKILL after it took the texts: the next start knows them and posts what was missing."""
    numbers = [a_phone() for _ in range(30)]
    with a_server_that_says(TAKEN) as web:
        with a_loopback_carrier(tmp_path, "--late-ms", "600000") as carrier:
            sids = send(a_gateway(carrier.url, public_url=web.url), numbers)
            carrier.process.send_signal(signal.SIGKILL)
            carrier.process.wait()
        with carrier.journal.open("ab") as journal:
            journal.write(b'{"sid": "SM-cut-short-by-the-ki')
        web.bodies.clear()
        with a_loopback_carrier(tmp_path) as carrier:
            assert carrier.summary()["count"] == 30
            assert eventually(lambda: carrier.summary()["untold"] == 0)
            assert {to for to, status in calls(web) if status == "delivered"} == set(numbers)
            assert ask(carrier, f"{MESSAGES}/{sids[0]}.json")[1]["status"] == "delivered"
        with a_loopback_carrier(tmp_path) as carrier:
            assert carrier.summary()["untold"] == 0
            assert len(carrier.accepted()) == 30


def test_sigterm_hands_over_what_is_left(tmp_path: Path) -> None:
    """Asked to stop, the carrier posts the callbacks it planned for later, and goes."""
    numbers = [a_phone() for _ in range(30)]
    with a_server_that_says(TAKEN) as web:
        with a_loopback_carrier(tmp_path, "--late-ms", "600000") as carrier:
            send(a_gateway(carrier.url, public_url=web.url), numbers)
        assert carrier.process.returncode == 0
        assert {to for to, status in calls(web) if status == "delivered"} == set(numbers)


def test_only_its_owner_may_read_the_journal(carrier: LoopbackCarrier) -> None:
    """The journal holds numbers, so it is closed to everybody else."""
    assert stat.S_IMODE(carrier.journal.stat().st_mode) == 0o600


def test_a_second_carrier_keeps_off_the_journal(carrier: LoopbackCarrier) -> None:
    """Two carriers never write one journal; the second says why it does not start."""
    second = subprocess.run(
        [*loa_carrier(), "--journal", str(carrier.journal)],
        env=environment(carrier.journal.parent),
        stdout=subprocess.PIPE,
        check=False,
    )
    assert second.returncode == 1
    assert "Another carrier already keeps its journal" in json.loads(second.stdout)["message"]


def test_the_summary_counts_people_who_were_texted_twice(tmp_path: Path) -> None:
    """The tests' own question: who got more than one text, and who the very same."""
    to, other = a_phone(), a_phone()
    with a_loopback_carrier(tmp_path) as carrier:
        send(a_gateway(carrier.url), [to, other, to])
        summary = carrier.summary()
        carrier.process.kill()
    assert {name: summary[name] for name in ("count", "distinct", "doubled", "repeated")} == {
        "count": 3,
        "distinct": 2,
        "doubled": 1,
        "repeated": 1,
    }


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": "", "From": "Loa", "Body": "x"}, 21604),
        ({"To": "12", "From": "Loa", "Body": "x"}, 21211),
        ({"To": "+842053812345", "From": "Loa", "Body": "x"}, 21614),
        ({"To": "+84961234567", "From": "", "Body": "x"}, 21603),
        ({"To": "+84961234567", "From": "a" * 12, "Body": "x"}, 21212),
        ({"To": "+84961234567", "MessagingServiceSid": "MG1", "Body": "x"}, 21701),
        ({"To": "+84961234567", "From": "Loa"}, 21602),
        ({"To": "+84961234567", "From": "Loa", "Body": "x" * 1601}, 21617),
        ({"To": "+84961234567", "From": "Loa", "Body": "x", "ValidityPeriod": "36001"}, 21624),
        ({"To": "+84961234567", "From": "Loa", "Body": "x", "StatusCallback": "ftp://x"}, 21609),
    ],
)
def test_bad_requests_are_refused_as_twilio_refuses_them(
    carrier: LoopbackCarrier, form: dict[str, str], code: int
) -> None:
    """Each fault has Twilio's own number, in Twilio's own shape."""
    before = carrier.summary()["count"]
    status, document = ask(carrier, f"{MESSAGES}.json", body=urlencode(form).encode())
    assert (status, document["code"], document["status"]) == (400, code, 400)
    assert carrier.summary()["count"] == before


def test_strangers_and_unknown_texts_are_turned_away(carrier: LoopbackCarrier) -> None:
    """401 for a wrong password, 404 for what never was, 400 for bytes that are no form."""
    wrong = "wrong"
    assert ask(carrier, f"{MESSAGES}.json", token=wrong)[1]["code"] == 20003
    assert ask(carrier, f"{MESSAGES}/SM0.json")[0] == 404
    assert ask(carrier, "/2010-04-01/Accounts/AC1/Messages.json")[1]["code"] == 20404
    assert ask(carrier, f"{MESSAGES}.json", body=b"To=\xff\x00")[0] == 400
    assert ask(carrier, f"{MESSAGES}.json?DateSent=yesterday")[0] == 400


def test_a_list_is_cut_by_day_and_by_page(carrier: LoopbackCarrier) -> None:
    """By recipient and by date, newest first, as many to a page as asked for."""
    to = a_phone()
    sids = send(a_gateway(carrier.url), [to] * 5)
    today = datetime.now(UTC).date()
    path = f"{MESSAGES}.json?{urlencode({'To': to, 'PageSize': 2})}"
    listed = []
    while path:
        document = ask(carrier, path)[1]
        listed += [message["sid"] for message in document["messages"]]
        path = document["next_page_uri"]
    assert sorted(listed) == sorted(sids)
    assert len(listed) == 5

    def count(**query: str) -> int:
        return len(ask(carrier, f"{MESSAGES}.json?{urlencode({'To': to, **query})}")[1]["messages"])

    assert eventually(lambda: count(DateSent=str(today)) == 5)
    assert count(**{"DateSent>": str(today)}) == 5
    assert count(**{"DateSent<": str(today - timedelta(days=1))}) == 0
    assert count(**{"DateSent>": f"{today + timedelta(days=1)}T00:00:00Z"}) == 0
