"""Nobody is texted twice, whatever becomes of the connection while a text is on it."""

import asyncio
import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from campaigns.gateway import Accepted, Answer, Blocked, OutgoingText, Postponed, Uncertain
from service.twilio.gateway import TwilioGateway
from service.twilio.wires import Inquiry, Wires
from tests.builders import a_phone
from tests.fakes.carriers import a_gateway
from tests.fakes.proxies import a_proxy
from tests.fakes.sockets import Deed, SocketServer, a_socket_server

BODY = "Lạng Sơn: 7:00 & 50% + 1 ~ €* \n"


def speak(gateway: TwilioGateway, *numbers: str, seconds: float = 30) -> list[Answer]:
    texts = [OutgoingText(1, place, to, BODY, "Loa", 1, None) for place, to in enumerate(numbers)]
    return gateway.send_all(texts, until=datetime.now(UTC) + timedelta(seconds=seconds))


def recipients(server: SocketServer) -> list[str]:
    """Return whom the server was asked to text, once for each time that it was asked."""
    return [dict(parse_qsl(form.decode()))["To"] for form in server.forms]


@pytest.mark.parametrize(
    "deed",
    [Deed.CLOSE, Deed.RESET, Deed.VANISH, Deed.STOP_HALFWAY, Deed.FLOOD, Deed.BABBLE],
)
@pytest.mark.parametrize("answered_before", [0, 1, 3])
def test_a_connection_that_dies_under_a_text_leaves_doubt_and_one_text(
    deed: Deed, answered_before: int
) -> None:
    """The carrier has read the text and says nothing sane: it is asked about, never sent again.

    It makes no difference whether the connection was new or had carried texts before, nor whether
    the carrier could be reached a second time.
    """
    numbers = [a_phone() for _ in range(answered_before + 1)]
    with a_socket_server(*[Deed.ANSWER] * answered_before, deed) as server:
        gateway = a_gateway(server.address, concurrency=1)
        answers = speak(gateway, *numbers)
        gateway.close()
    assert answers[:-1] == [Accepted("SM1")] * answered_before
    assert answers[-1] == Uncertain("LostAnswerError")
    assert recipients(server) == numbers
    assert server.connections == 1


def test_many_connections_that_die_at_once_double_nobody() -> None:
    """A carrier that is restarted under a full batch: each text reached it once at most."""
    numbers = [a_phone() for _ in range(60)]
    deeds = [Deed.ANSWER, Deed.CLOSE, Deed.ANSWER, Deed.ANSWER, Deed.RESET] * 12
    with a_socket_server(*deeds) as server:
        gateway = a_gateway(server.address, concurrency=1)
        answers = speak(gateway, *numbers)
        gateway.close()
    assert recipients(server) == numbers
    assert sum(isinstance(answer, Accepted) for answer in answers) == 36
    assert sum(isinstance(answer, Uncertain) for answer in answers) == 24


def test_a_connection_that_died_while_nobody_spoke_leaves_no_doubt() -> None:
    """The carrier hung up between two batches: the next text takes a connection of its own."""
    first, second = a_phone(), a_phone()
    with a_socket_server(Deed.ANSWER_AND_CLOSE) as server:
        gateway = a_gateway(server.address, concurrency=1)
        speak(gateway, first)
        assert server.has_closed.wait(10)
        assert speak(gateway, second) == [Accepted("SM1")]
        gateway.close()
    assert recipients(server) == [first, second]
    assert server.connections == 2


def test_a_carrier_that_never_answers_is_left_at_the_deadline() -> None:
    """The text under way is in doubt, its connection is cut, and the next answer is not its own."""
    first, second = a_phone(), a_phone()
    with a_socket_server(Deed.HANG) as server:
        gateway = a_gateway(server.address, concurrency=1)
        assert speak(gateway, first, seconds=0.8) == [Uncertain("TimeoutError")]
        assert speak(gateway, second) == [Accepted("SM1")]
        gateway.close()
    assert recipients(server) == [first, second]
    assert server.connections == 2


def test_a_carrier_that_takes_a_text_and_hangs_is_not_called_unreachable() -> None:
    """Too slow an answer leaves doubt, because the text has left."""

    async def ask(address: str) -> None:
        wires = Wires(1, answer_within_s=0.2)
        try:
            await wires.ask(Inquiry(address, [], b"To=%2B84961234567"))
        finally:
            wires.close()

    with a_socket_server(Deed.HANG) as server, pytest.raises(TimeoutError):
        asyncio.run(ask(server.address))
    assert len(server.forms) == 1


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shell has set for its browser carries no citizens' numbers."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with a_socket_server() as server:
        gateway = a_gateway(server.address)
        assert speak(gateway, a_phone()) == [Accepted("SM1")]
        gateway.close()


def test_texts_go_through_the_proxy_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only a proxy leads outside; nothing in the environment leads past it."""
    monkeypatch.setenv("no_proxy", "*")
    number = a_phone()
    with a_socket_server() as server, a_proxy() as proxy:
        gateway = a_gateway(server.address, proxy=proxy.address, concurrency=1)
        assert speak(gateway, number) == [Accepted("SM1")]
        gateway.close()
        (request,) = proxy.requests
        assert request.startswith(f"POST {server.address}/2010-04-01/")
    assert recipients(server) == [number]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_away_is_tried_again_later(scheme: str) -> None:
    """No byte left, so nobody need be asked what became of the text."""
    with a_proxy() as proxy:
        address = proxy.address
    gateway = a_gateway(f"{scheme}://carrier.invalid", proxy=address)
    answers = speak(gateway, a_phone())
    gateway.close()
    assert answers == [Postponed("unreachable", timedelta(seconds=5))]


def test_a_proxy_that_leads_nowhere_is_tried_again_later() -> None:
    """It wants a password, or does not lead to this carrier: no byte of the text has left."""
    with a_proxy(refusal=b"407 Proxy Authentication Required") as proxy:
        gateway = a_gateway("https://carrier.invalid", proxy=proxy.address)
        answers = speak(gateway, a_phone())
        gateway.close()
    assert proxy.requests == ["CONNECT carrier.invalid:443"]
    assert answers == [Postponed("unreachable", timedelta(seconds=5))]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1 that nobody signed but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "carrier")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "carrier.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[SocketServer]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    with a_socket_server(Deed.ANSWER, Deed.CLOSE, tls=tls) as server:
        yield server


def test_a_carrier_that_cannot_prove_itself_hears_nothing(tls_server: SocketServer) -> None:
    """A certificate that nobody vouches for stops the lane before the first byte of a text."""
    gateway = a_gateway(tls_server.address)
    (answer,) = speak(gateway, a_phone())
    gateway.close()
    assert isinstance(answer, Blocked)
    assert answer.code == "certificate"
    assert tls_server.forms == []


def test_a_carrier_that_python_trusts_is_trusted(
    tls_server: SocketServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's own certificates count, and over TLS too a text is sent once."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    numbers = [a_phone(), a_phone()]
    gateway = a_gateway(tls_server.address, concurrency=1)
    first, second = speak(gateway, *numbers)
    gateway.close()
    assert first == Accepted("SM1")
    assert isinstance(second, Uncertain)
    assert recipients(tls_server) == numbers


def test_a_proxy_sees_the_carriers_name_and_no_more(
    tls_server: SocketServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers and texts, and the account's token, go through it sealed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    number = a_phone()
    with a_proxy() as proxy:
        gateway = a_gateway(
            tls_server.address, proxy=proxy.address.replace("//", "//loa:word@"), concurrency=1
        )
        assert speak(gateway, number) == [Accepted("SM1")]
        gateway.close()
    assert proxy.requests == [f"CONNECT {tls_server.address.removeprefix('https://')}"]
    (head,) = proxy.heads
    assert re.findall(rb"(?i)authorization: [^\r]*", head) == [b"Authorization: Basic bG9hOndvcmQ="]
    assert recipients(tls_server) == [number]


def test_a_carrier_that_speaks_no_tls_hears_nothing() -> None:
    """https in our settings, something else at the other end: the operator must see to it."""
    with a_socket_server(Deed.GREET_WITH_BABBLE) as server:
        gateway = a_gateway(server.address.replace("http:", "https:"))
        (answer,) = speak(gateway, a_phone())
        gateway.close()
    assert isinstance(answer, Blocked)


@pytest.mark.parametrize("deed", [Deed.GREET_WITH_CLOSE, Deed.GREET_WITH_RESET])
def test_a_carrier_that_hangs_up_before_it_proves_itself_is_tried_later(deed: Deed) -> None:
    """A carrier that restarts cuts handshakes; that must not stop the lane until somebody comes."""
    with a_socket_server(deed) as server:
        gateway = a_gateway(server.address.replace("http:", "https:"))
        answers = speak(gateway, a_phone())
        gateway.close()
    assert answers == [Postponed("unreachable", timedelta(seconds=5))]


def test_an_address_without_a_machine_costs_nothing_but_time() -> None:
    """A name that cannot be resolved now may be resolved later; no byte left."""
    gateway = a_gateway("http://carrier.invalid")
    answers = speak(gateway, a_phone(), a_phone())
    gateway.close()
    assert answers == [Postponed("unreachable", timedelta(seconds=5))] * 2
