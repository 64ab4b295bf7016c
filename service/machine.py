"""One machine: every process of Loa as children of one command, and nothing left afterwards."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from campaigns.areas import has_any_area, load_lang_son
from service.embedded.children import Child, Supervisor
from service.embedded.valkey import valkey_child, wait_for_queue
from service.errors import UnreachableError
from service.ports import free_port, require_free
from service.resources import Resources, open_resources
from service.settings import Settings, load_settings
from service.upgrades import upgrade
from workers.queues import QueueName

_HOST = "127.0.0.1"
_READY_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Machine:
    """A running installation: its resources, the supervisor of its processes, its addresses."""

    resources: Resources
    supervisor: Supervisor
    web_url: str
    carrier_url: str | None

    def wait_for_carrier(self) -> None:
        """Wait until the carrier on this machine answers, which may have been killed just now.

        Raises UnreachableError when it does not come back.
        """
        if self.carrier_url:
            _wait_for(self.supervisor, "carrier", self.carrier_url)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What may be chosen about one machine; a port of 0 takes any that is free."""

    port: int = 8000
    carrier_port: int = 8010
    workers: int = 2
    carrier_options: Sequence[str] = ()


@contextmanager
def running_machine(settings: Settings, wishes: Wishes) -> Iterator[Machine]:
    """Run everything that *settings* does not point elsewhere for as long as the block lasts.

    The schema is brought up to date first, and an empty area tree gets that of Lạng Sơn.
    """
    port = wishes.port or free_port()
    carrier_port = wishes.carrier_port or free_port()
    # Else whoever listens there would be taken for what was just started.
    require_free(_HOST, port)
    if settings.carrier_is_loopback:
        require_free(_HOST, carrier_port, option="--carrier-port")
    settings = _with_address(settings, port)
    with ExitStack() as stack:
        supervisor = stack.enter_context(Supervisor(log_dir=settings.data_dir / "logs"))
        environment = _environment(settings)
        if not settings.redis_url:
            child = stack.enter_context(valkey_child(settings.data_dir))
            supervisor.start(child)
            url = wait_for_queue(settings.data_dir, supervisor)
            environment["LOA_REDIS_URL"] = url
            settings = settings.model_copy(update={"redis_url": url})
        carrier_url = None
        if settings.carrier_is_loopback:
            carrier_url = f"http://{_HOST}:{carrier_port}"
            environment["LOA_TWILIO_API_URL"] = carrier_url
            options = ["--port", str(carrier_port), *wishes.carrier_options]
            supervisor.start(_child("carrier", *options, environment=environment))
        resources = stack.enter_context(open_resources(settings))
        _prepare(resources)
        supervisor.start(_child("web", "--port", str(port), environment=environment))
        for number in range(1, wishes.workers + 1):
            supervisor.start(_child("worker", environment=environment, name=f"worker-{number}"))
        queues = ("--queues", QueueName.PARTNERS)
        supervisor.start(_child("worker", *queues, environment=environment, name="partners"))
        supervisor.start(_child("clock", environment=environment))
        web_url = f"http://{_HOST}:{port}"
        _wait_for(supervisor, "web", f"{web_url}/healthz")
        if carrier_url:
            _wait_for(supervisor, "carrier", carrier_url)
        yield Machine(resources, supervisor, web_url, carrier_url)


def settings_in(data_dir: Path) -> Settings:
    """Return the settings of an installation of its own, with nothing from elsewhere."""
    return load_settings(
        data_dir=data_dir, database_url="", redis_url="", twilio_account_sid="", lanes_given=()
    )


def _with_address(settings: Settings, port: int) -> Settings:
    given = "public_url" in settings.model_fields_set
    if given:
        return settings
    return settings.model_copy(update={"public_url": f"http://{_HOST}:{port}"})


def _environment(settings: Settings) -> dict[str, str]:
    """What the children must be told so that they see the very same settings."""
    return {
        "LOA_DATABASE_URL": settings.database_url,
        "LOA_REDIS_URL": settings.redis_url,
        "LOA_DATA_DIR": str(settings.data_dir.absolute()),
        "LOA_PUBLIC_URL": settings.public_url,
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "LOA_CLAIM_LEASE_S": str(settings.claim_lease_s),
        "LOA_PUSH_NETWORKS": ",".join(settings.push_networks),
        "LOA_LANES": ",".join(str(lane) for lane in settings.lanes_given),
    }


def _child(command: str, *options: str, environment: Mapping[str, str], name: str = "") -> Child:
    words = (sys.executable, "-m", "service", command, *options)
    return Child(name or command, words, environment=environment)


def _prepare(resources: Resources) -> None:
    upgrade(resources.engine)
    with resources.sessions.begin() as session:
        if not has_any_area(session):
            load_lang_son(session)


def _wait_for(supervisor: Supervisor, name: str, url: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        supervisor.tend()
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - an address on this machine
                return
        except HTTPError:
            return
        except (URLError, OSError):
            time.sleep(_LOOK_EVERY_S)
    raise UnreachableError(
        f"The process {name} did not answer within {_READY_WITHIN_S:.0f} s. Everything is being "
        "stopped; what was saved stays saved. Its last words are in the data directory's logs."
    )
