"""Texts a second through gateway and loopback carrier, and receipts a second through the door."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

import aiohttp
from redis import Redis

from campaigns.gateway import Accepted, OutgoingText
from service.carrier_accounts import callback_tokens, carrier_account
from service.embedded.valkey import running_valkey
from service.gateways import open_gateway
from service.queue_server import open_redis
from service.settings import Settings, load_settings
from service.twilio.gateway import CALLBACK_PATH
from service.twilio.signatures import sign
from workers.receipts import STREAM

TEXTS = 4000
BATCH = 500
RECEIPTS = 8000
RUNS = 3
_PATIENCE_S = 120
_WEB_PORT = 8971
_CARRIER_PORT = 8972


@contextmanager
def a_process(*command: str) -> Iterator[int]:
    """Run ``loa COMMAND`` for as long as the block lasts; yield its process id."""
    line = [sys.executable, "-m", "service", *command, "--json"]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as process:
        try:
            if process.stdout is None or b"listening" not in process.stdout.readline():
                raise RuntimeError(f"loa {command[0]} did not start")
            yield process.pid
        finally:
            process.terminate()
            process.wait(20)


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that process *pid* has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send_texts(settings: Settings, redis: Redis, carrier: int) -> dict[str, float]:
    """Send TEXTS texts and wait for both receipts of each; return what that took."""
    gateway = open_gateway(settings, callback_tokens(settings))
    texts = [
        OutgoingText(1, n, f"+8496{n:07d}", "Lạng Sơn: tiêm vắc xin " * 3, "SYT LangSon", 2, None)
        for n in range(TEXTS)
    ]
    began, carrier_cpu, own_cpu = time.perf_counter(), cpu_s(carrier), time.process_time()
    until = datetime.now(UTC) + timedelta(seconds=_PATIENCE_S)
    accepted = 0
    for first in range(0, TEXTS, BATCH):
        answers = gateway.send_all(texts[first : first + BATCH], until=until)
        accepted += sum(isinstance(answer, Accepted) for answer in answers)
    accepted_after, own_cpu = time.perf_counter() - began, time.process_time() - own_cpu
    gateway.close()
    while redis.xlen(STREAM) < 2 * TEXTS and datetime.now(UTC) < until:
        time.sleep(0.01)
    if accepted < TEXTS or redis.xlen(STREAM) != 2 * TEXTS:
        raise RuntimeError("texts or receipts are missing; the figures would mean nothing")
    return {
        "accepted texts/s": TEXTS / accepted_after,
        "texts/s with both receipts": TEXTS / (time.perf_counter() - began),
        "gateway CPU us/text": own_cpu / TEXTS * 1e6,
        "carrier CPU us/text": (cpu_s(carrier) - carrier_cpu) / TEXTS * 1e6,
    }


async def post_receipts(settings: Settings) -> float:
    """Post RECEIPTS signed receipts over 32 connections; return how many a second."""
    tokens, key = callback_tokens(settings), carrier_account(settings).auth_token
    form = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered", "To": "+84961234567"}
    body = urlencode(form).encode()
    paths = iter([CALLBACK_PATH + tokens.make(1, n) for n in range(RECEIPTS)])
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    async def post(session: aiohttp.ClientSession) -> None:
        for path in paths:
            url = settings.public_url + path
            signed = {**kind, "X-Twilio-Signature": sign(url, form.items(), key)}
            async with session.post(url, data=body, headers=signed) as answer:
                if answer.status != HTTPStatus.NO_CONTENT:
                    raise RuntimeError(f"the door answered {answer.status}")

    async with aiohttp.ClientSession() as session:
        began = time.perf_counter()
        await asyncio.gather(*(post(session) for _ in range(32)))
        return RECEIPTS / (time.perf_counter() - began)


def measure() -> dict[str, float]:
    """Return the medians of RUNS runs."""
    runs: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as directory:
        os.environ |= {
            "LOA_DATA_DIR": directory,
            "LOA_PUBLIC_URL": f"http://127.0.0.1:{_WEB_PORT}",
            "LOA_TWILIO_API_URL": f"http://127.0.0.1:{_CARRIER_PORT}",
        }
        settings = load_settings()
        with (
            running_valkey(settings.data_dir) as url,
            open_redis(url) as redis,
            a_process("web", "--port", str(_WEB_PORT)),
            a_process("carrier", "--port", str(_CARRIER_PORT)) as carrier,
        ):
            for _ in range(RUNS):
                redis.delete(STREAM)
                run = send_texts(settings, redis, carrier)
                redis.delete(STREAM)
                run["receipts/s through the door"] = asyncio.run(post_receipts(settings))
                runs.append(run)
    return {name: median(run[name] for run in runs) for name in runs[0]}


def main() -> None:
    """Print the medians, as JSON with ``--json``."""
    result: dict[str, Any] = measure()
    if "--json" in sys.argv:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:>30}: {value:10,.0f}")


if __name__ == "__main__":
    main()
