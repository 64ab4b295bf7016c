"""The ASGI application: the receipts door answers by itself, Flask answers the rest."""

from collections.abc import Sequence
from contextlib import ExitStack

from campaigns.broadcasts.receiving import CarrierReport
from service.embedded.valkey import queue_url
from service.gateways import callback_tokens, carrier_account
from service.queue_server import open_async_redis, open_redis
from service.resources import Resources, open_resources
from service.settings import Settings, load_settings
from service.twilio.gateway import CALLBACK_PATH
from service.twilio.signatures import SignatureValidator
from service.web.app import LARGEST_BODY, create_app
from service.web.bridge import Bridge
from service.web.group_commits import GroupCommit
from service.web.receipts_door import ReceiptsDoor, Receive, Scope, Send
from service.web.text_asks import TextAsker
from workers.receipts import take_in_reports

_FLASK_THREADS = 8


class Web:
    """One application for one web process; it closes what it opened when the server stops it."""

    def __init__(self, settings: Settings) -> None:
        self._opened = ExitStack()
        resources = self._opened.enter_context(open_resources(settings))
        redis_url = settings.redis_url or queue_url(settings.data_dir)
        self._commits = GroupCommit(
            open_async_redis(redis_url),
            write_through=lambda reports: write_through(resources, reports),
        )
        self._door = open_door(settings, self._commits)
        self._asker = TextAsker(open_redis(redis_url))
        pages = create_app(resources, ask_for_texts=self._asker.ask)
        self._pages = Bridge(pages.wsgi_app, threads=_FLASK_THREADS, largest_body=LARGEST_BODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "http" if scope["path"].startswith(CALLBACK_PATH):
                await self._door(scope, receive, send)
            case _:
                await self._pages(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._commits.close()
        self._pages.close()
        self._asker.close()
        self._opened.close()
        await send({"type": "lifespan.shutdown.complete"})


def application() -> Web:
    """Open the web of this process's settings."""
    return Web(load_settings().require_secrets())


def open_door(settings: Settings, commits: GroupCommit) -> ReceiptsDoor:
    """Open the receipts door for the carrier account of *settings*."""
    account = carrier_account(settings)
    return ReceiptsDoor(
        commits,
        public_url=settings.public_url,
        validator=SignatureValidator(account.auth_token),
        tokens=callback_tokens(settings),
        delivered_means_handset=account.delivered_means_handset,
    )


def write_through(resources: Resources, reports: Sequence[CarrierReport]) -> None:
    """Take *reports* into the tables at once, when there is no stream to put them on."""
    with resources.sessions.begin() as session:
        take_in_reports(session, reports, now=resources.now())
