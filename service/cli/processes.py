"""The processes that answer over HTTP: the web, and the carrier on this machine."""

import signal
from pathlib import Path

import click

from service.carrier_accounts import LOOPBACK_PORT, carrier_account, loopback_account
from service.cli.serving import say_ready, serving
from service.settings import load_settings

_SHARE = click.FloatRange(0, 1)
_MILLISECONDS = click.FloatRange(0, 3_600_000)
_PORT = click.IntRange(0, 65_535)
_JOURNAL = "carrier.ndjson"


def announce(url: str, *, name: str, as_json: bool) -> None:
    """Say where *name* listens: one line of JSON for programs, a note for people."""
    say_ready({"listening": url}, f"{name} listens on {url}; Ctrl-C stops it.", as_json=as_json)


@click.command()
@click.option(
    "--port",
    type=_PORT,
    default=LOOPBACK_PORT,
    show_default=True,
    help="Where to listen on this machine; 0 takes any free port.",
)
@click.option(
    "--latency-ms", type=_MILLISECONDS, default=0, help="How long every answer takes to come."
)
@click.option(
    "--fail", type=_SHARE, default=0, help="Share of numbers that cannot be reached, 0 to 1."
)
@click.option(
    "--drop",
    type=_SHARE,
    default=0,
    help="Share of numbers whose text is taken, but the connection is cut before the answer.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0),
    default=0,
    help="Texts taken per second; more are answered with 429. 0 means no limit.",
)
@click.option(
    "--late-ms", type=_MILLISECONDS, default=0, help="Let receipts come up to so much later."
)
@click.option("--twice", is_flag=True, help="Send every receipt twice.")
@click.option("--shuffle", is_flag=True, help="Send receipts out of order.")
@click.option("--seed", default="", help="Another word chooses other numbers to fail and drop.")
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that keeps what was sent, with numbers; default: carrier.ndjson in the data "
    "directory.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
@serving
def carrier(  # noqa: PLR0917 - one argument for each option
    port: int,
    latency_ms: float,
    fail: float,
    drop: float,
    rate: float,
    late_ms: float,
    twice: bool,  # noqa: FBT001 - click's call
    shuffle: bool,  # noqa: FBT001 - click's call
    seed: str,
    journal: Path | None,
    as_json: bool,  # noqa: FBT001 - click's call
) -> None:
    """Run a carrier on this machine that speaks as Twilio does and texts nobody.

    It listens on 127.0.0.1 only, keeps what it was given, and reports each text's fate back.
    """
    from service.loopback import carrier as loopback  # noqa: PLC0415 - only this command pays for it
    from service.loopback.behaviours import Behaviour  # noqa: PLC0415
    from service.loopback.voices import DIRECTORY, Voices  # noqa: PLC0415

    settings = load_settings()
    account = loopback_account(settings)
    loopback.run_carrier(
        loopback.Account(account.sid, account.auth_token),
        Behaviour(
            latency_s=latency_ms / 1000,
            late_s=late_ms / 1000,
            fail=fail,
            drop=drop,
            rate_per_s=rate,
            twice=twice,
            shuffle=shuffle,
            seed=seed,
        ),
        port=port,
        journal=journal or settings.data_dir / _JOURNAL,
        voices=Voices(settings.data_dir / DIRECTORY),
        on_ready=lambda port: announce(
            f"http://{loopback.HOST}:{port}", name="The carrier", as_json=as_json
        ),
    )


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=8000,
    show_default=True,
    help="Where to listen.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 lets other machines in.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many processes share the requests.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
@serving
def web(port: int, host: str, workers: int, as_json: bool) -> None:  # noqa: FBT001 - click's call
    """Run the web process: carriers' receipts, and every page and programming interface."""
    from service.web.server import serve  # noqa: PLC0415 - only this command pays for it

    # Refuse here, in one sentence, what every worker would stumble over.
    carrier_account(load_settings().require_secrets())
    # A closed terminal stops the web as SIGTERM does.
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    serve(
        host=host,
        port=port,
        workers=workers,
        on_ready=lambda: announce(f"http://{host}:{port}", name="The web", as_json=as_json),
    )
