"""``loa hotline call``: a call to the hotline in the terminal, over HTTP and signed."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import click
from rich.text import Text

from service.carrier_accounts import THIS_MACHINE, carrier_account
from service.cli.output import ANSWERS, Answer, answering
from service.loopback.lines import open_line
from service.loopback.telephone import KeepVoice, Telephone
from service.loopback.twiml import Dial, Gather, Record, Say
from service.loopback.voices import DIRECTORY, Voices
from service.settings import Settings, load_settings

_HELP = (
    "keys such as 2 or 06196; Enter alone: silence; say WORDS; message SECONDS; answered or busy "
    "while somebody is rung; bye"
)
_MOST_MOVES = 500
_SILENCE = "silence"
_BYE = "bye"


@click.command("call")
@click.option(
    "--keys",
    help="What the caller does, separated by commas: keys (2, 06196, #), 'say WORDS', silence, "
    "'message SECONDS', answered, busy, bye. Without it, you are asked.",
)
@click.option(
    "--from",
    "caller",
    default="anonymous",
    show_default=True,
    help="Number that calls, such as +84912345678; anonymous withholds it.",
)
@click.option(
    "--url", help="Where the web listens, if not at LOA_PUBLIC_URL; it may be another machine's."
)
@answering
def call(keys: str | None, caller: str, url: str | None) -> Answer:
    """Ring the hotline, as a carrier does, and show what is heard.

    The running web is asked over HTTP with the carrier's signatures, so this also shows whether
    the address and the secrets fit. The call counts in the statistics like any other.
    """
    settings = load_settings().require_secrets()
    account = carrier_account(settings)
    web = (url or settings.public_url).rstrip("/")
    signed_for = signed_address(settings.public_url, url)
    with open_line(signed_for, web) as ask:
        telephone = Telephone(
            ask,
            signed_for,
            account.auth_token,
            caller=caller,
            account_sid=account.sid,
            keep_voice=_keep_voice(settings),
        )
        given = None if keys is None else [move.strip() for move in keys.split(",")]
        turns: list[dict[str, Any]] = []
        show = _show if given is None else lambda _: None
        for turn in play(telephone, _ask if given is None else _reader(given)):
            turns.append(turn)
            show(turn)
    document = {"sid": telephone.sid, "requests": telephone.requests, "turns": turns}
    return Answer(document, [] if given is None else [Text(_written(turn)) for turn in turns])


def _keep_voice(settings: Settings) -> KeepVoice:
    """Let the carrier on this machine have what is said; any other has never heard this call."""
    if not settings.carrier_is_loopback:
        return lambda _sid, _seconds: None
    voices = Voices(settings.data_dir / DIRECTORY)
    return lambda sid, seconds: voices.keep(sid, seconds=seconds)


def play(telephone: Telephone, next_move: Callable[[Telephone], str]) -> Iterator[dict[str, Any]]:
    """Call, do one move after the other, and yield what was heard after each."""
    telephone.ring()
    yield _turn("", telephone)
    for _ in range(_MOST_MOVES):
        if telephone.is_over:
            return
        move = next_move(telephone)
        if move == _BYE:
            telephone.hang_up()
        else:
            _do(telephone, move)
        yield _turn(move, telephone)


def _do(telephone: Telephone, move: str) -> None:
    """Do what *move* says as far as the hotline waits for it; anything else is silence."""
    word, _, rest = move.partition(" ")
    match telephone.waits, word:
        case Gather(), "say":
            telephone.say(rest)
        case Gather(), keys if keys and set(keys) <= set("0123456789*#"):
            while keys and isinstance(telephone.waits, Gather):
                keys = telephone.press(keys)
        case Record(), "message":
            telephone.leave_message(int(rest) if rest.isdecimal() else 0)
        case Dial(), "answered":
            telephone.end_ringing("completed")
        case Dial(), "busy":
            telephone.end_ringing("busy")
        case _:
            telephone.stay_silent()


def _reader(moves: list[str]) -> Callable[[Telephone], str]:
    """Give out *moves* one by one, then put the receiver down."""
    left = iter(moves)
    return lambda _: next(left, _BYE) or _SILENCE


def _ask(telephone: Telephone) -> str:
    with suppress(click.Abort):
        answer = click.prompt(_prompt(telephone), default="", show_default=False, err=True)
        return str(answer).strip() or _SILENCE
    return _BYE


def _prompt(telephone: Telephone) -> str:
    match telephone.waits:
        case Record(longest_s=longest_s):
            return f"[after the tone, up to {longest_s} s] message SECONDS"
        case Dial(numbers=numbers):
            return f"[ringing {len(numbers)}] answered or busy"
        case _:
            return f"[{_HELP}]"


def _turn(move: str, telephone: Telephone) -> dict[str, Any]:
    kinds = {Gather: "keys", Record: "message", Dial: "transfer"}
    waits = telephone.waits
    return {
        "did": move,
        "heard": [
            {"verb": type(sound).__name__.lower(), **asdict(sound)} for sound in telephone.heard
        ],
        "waits_for": kinds[type(waits)] if waits is not None else None,
        "listens_in": waits.hears if isinstance(waits, Gather) else "",
        "is_over": telephone.is_over,
    }


def _written(turn: dict[str, Any]) -> str:
    lines = [f"> {turn['did']}"] if turn["did"] else []
    lines += [
        f"  {sound['language']:<6} {sound['text']}"
        if sound["verb"] == Say.__name__.lower()
        else f"  (sound) {sound['url']}"
        for sound in turn["heard"]
    ]
    if turn["is_over"]:
        lines.append("  The call is over.")
    elif turn["waits_for"] != "keys":
        lines.append(f"  ({turn['waits_for']})")
    return "\n".join(lines)


def _show(turn: dict[str, Any]) -> None:
    ANSWERS.print(_written(turn), markup=False)


def signed_address(public_url: str, url: str | None) -> str:
    """Return the address for which requests to *url* are signed.

    What runs on this machine takes the address it listens on for its public one.
    """
    web = (url or public_url).rstrip("/")
    return web if _is_here(public_url) and _is_here(web) else public_url


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in THIS_MACHINE
