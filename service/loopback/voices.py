"""Voice messages at the carrier on this machine: files that its telephone leaves there."""

import math
import re
import struct
from http import HTTPStatus
from pathlib import Path

from service.loopback.connections import Reply
from service.loopback.replies import RefusalError
from service.sounds import SAMPLES_PER_S, write_sound
from service.stored_files import drop, store

DIRECTORY = "carrier-voices"
_SID = re.compile(r"RE[0-9a-f]{32}", re.ASCII)
_LONGEST_S = 3600
_TONE_HZ = 440
_LOUDNESS = 6000


class Voices:
    """Keeps each message as a WAV under its name until somebody deletes it."""

    def __init__(self, directory: Path) -> None:
        """Use *directory*, which need not exist before the first message."""
        self._directory = directory

    def keep(self, sid: str, *, seconds: int) -> None:
        """Keep a message of so many *seconds*: a hum, for nobody speaks on this telephone."""
        hum = _one_second() * min(seconds, _LONGEST_S)
        store(self._directory, f"{sid}.wav", write_sound(hum).wav)

    def answer(self, method: str, name: str) -> Reply:
        """Answer as ``/Recordings`` does: give the sound, or delete it; RefusalError otherwise."""
        sid = name.removeprefix("/").removesuffix(".wav").removesuffix(".json")
        if _SID.fullmatch(sid):
            if method == "GET" and name.endswith(".wav"):
                return Reply(HTTPStatus.OK, self._read(sid), content_type=b"audio/x-wav")
            if method == "DELETE":
                self._read(sid)
                drop(self._directory, f"{sid}.wav")
                return Reply(HTTPStatus.NO_CONTENT, b"")
        raise _missing()

    def _read(self, sid: str) -> bytes:
        try:
            return (self._directory / f"{sid}.wav").read_bytes()
        except FileNotFoundError:
            raise _missing() from None


def _missing() -> RefusalError:
    words = "The requested resource was not found on this server"
    return RefusalError(HTTPStatus.NOT_FOUND, 20404, words)


def _one_second() -> bytes:
    turn = 2 * math.pi * _TONE_HZ / SAMPLES_PER_S
    samples = (int(_LOUDNESS * math.sin(turn * place)) for place in range(SAMPLES_PER_S))
    return struct.pack(f"<{SAMPLES_PER_S}h", *samples)
