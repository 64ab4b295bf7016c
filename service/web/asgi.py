"""The ASGI application: three doors answer what carriers post, Flask answers the rest."""

import gc
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from granian.utils.proxies import wrap_asgi_with_proxy_headers

from campaigns.audit import Actor
from campaigns.broadcasts.receiving import CarrierReport
from service.carrier_accounts import callback_tokens, carrier_account
from service.queue_server import open_async_redis, open_redis
from service.resources import Resources, open_resources, queue_address
from service.settings import Settings, load_settings
from service.twilio.gateway import CALLBACK_PATH
from service.twilio.signatures import SignatureValidator
from service.twilio.voice import VoiceRenderer
from service.web.app import LARGEST_BODY, create_app
from service.web.bodies import WholeBodies
from service.web.calls_door import CallsDoor
from service.web.group_commits import GroupCommit
from service.web.inbound_door import InboundDoor
from service.web.pages import Pages
from service.web.receipts_door import ReceiptsDoor
from service.web.signed_forms import Receive, Scope, Send, SignedForms
from service.web.switchboard import Switchboard
from service.web.text_asks import TextAsker
from service.web.turn_times import TurnTimer
from workers.receipts import take_in_reports

_FLASK_THREADS = 8
# Whoever does anything waits for so long; whoever looks needs the database once in this time.
_DEEDS_HOLD_S = 0.02
# Each holds a list of up to 100 MB in memory.
_UPLOAD_THREADS = 3


class Web:
    """One application for one web process; it closes what it opened when the server stops it."""

    def __init__(self, settings: Settings) -> None:
        self._opened = ExitStack()
        resources = self._opened.enter_context(open_resources(settings, actor=Actor("", "web")))
        redis_url = queue_address(settings)
        self._commits = GroupCommit(
            open_async_redis(redis_url),
            write_through=lambda reports: write_through(resources, reports),
        )
        self._asker = TextAsker(open_redis(redis_url))
        self._receipts = open_receipts_door(settings, self._commits)
        self._timer = TurnTimer(open_async_redis(redis_url))
        self._calls = open_calls_door(resources, self._asker.ask, took=self._timer.count)
        self._inbound = open_inbound_door(resources, self._asker.ask)
        app = create_app(resources, deeds_hold_s=_DEEDS_HOLD_S)
        self._pages = WholeBodies(
            Pages(app, threads=_FLASK_THREADS),
            Pages(app, threads=_UPLOAD_THREADS),
            most=LARGEST_BODY,
            at_once=_UPLOAD_THREADS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "http" if scope["path"].startswith(CALLBACK_PATH):
                await self._receipts(scope, receive, send)
            case "http" if InboundDoor.opens(scope["path"]):
                await self._inbound(scope, receive, send)
            case "http" if CallsDoor.opens(scope["path"]):
                await self._calls(scope, receive, send)
            case _:
                await self._pages(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._calls.warm()
        # What is here now stays: looked through by the collector again and again, it would let
        # everybody on the phone wait for a fifth of a second.
        gc.collect()
        gc.freeze()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._commits.close()
        await self._calls.close()
        self._inbound.close()
        await self._timer.close()
        self._asker.close()
        self._opened.close()
        await send({"type": "lifespan.shutdown.complete"})


def application() -> Any:
    """Open the web of this process's settings; addresses are believed of its own proxies only."""
    settings = load_settings().require_secrets()
    return wrap_asgi_with_proxy_headers(Web(settings), [*settings.trusted_proxies])


def open_receipts_door(settings: Settings, commits: GroupCommit) -> ReceiptsDoor:
    """Open the receipts door for the carrier account of *settings*."""
    return ReceiptsDoor(
        commits,
        _signed_forms(settings),
        tokens=callback_tokens(settings),
        delivered_means_handset=carrier_account(settings).delivered_means_handset,
    )


def open_calls_door(
    resources: Resources,
    ask_for_texts: Callable[[], object],
    *,
    took: Callable[[float], object],
) -> CallsDoor:
    """Open the calls door; *ask_for_texts* is called when a caller is owed a text.

    *took* is told how many seconds each turn took.
    """
    settings = resources.settings
    switchboard = Switchboard(
        resources.sessions,
        resources.sealer,
        VoiceRenderer(public_url=settings.public_url, voices=settings.voices),
        ask_for_texts=ask_for_texts,
        now=resources.now,
    )
    return CallsDoor(switchboard, _signed_forms(settings), took=took)


def open_inbound_door(resources: Resources, ask_for_texts: Callable[[], object]) -> InboundDoor:
    """Open the door for what people send; *ask_for_texts* is called when a text is owed."""
    settings = resources.settings
    return InboundDoor(
        resources.sessions,
        _signed_forms(settings),
        sealer=resources.sealer,
        hotline=settings.hotline_number,
        stop_call_number=settings.stop_call_number,
        ask_for_texts=ask_for_texts,
        now=resources.now,
    )


def _signed_forms(settings: Settings) -> SignedForms:
    validator = SignatureValidator(carrier_account(settings).auth_token)
    return SignedForms(validator, public_url=settings.public_url)


def write_through(resources: Resources, reports: Sequence[CarrierReport]) -> None:
    """Take *reports* into the tables at once, when there is no stream to put them on."""
    with resources.sessions.begin() as session:
        take_in_reports(session, reports, now=resources.now())
