"""Sounds: prompts that people recorded, checked by content and kept as a telephone plays them."""

import hashlib
import io
import wave
from dataclasses import dataclass
from pathlib import Path

import miniaudio

from hotline.errors import RecordingRefusedError

LARGEST_FILE = 10 * 1024 * 1024
LONGEST_S = 180.0
SHORTEST_S = 0.2
# What the public telephone network carries (ITU-T G.711): more would only be thrown away there.
SAMPLES_PER_S = 8000
# Of 32,767; a studio's silence stays below, the quietest speech far above.
_QUIETEST_PEAK = 300
DIRECTORY = "recordings"


@dataclass(frozen=True, slots=True)
class Sound:
    """One prompt as 8 kHz mono 16-bit WAV; ``digest`` is its name."""

    digest: str
    seconds: float
    wav: bytes


def read_sound(path: Path) -> Sound:
    """Read the WAV, MP3 or OGG file at *path* as a telephone will play it.

    Raises RecordingRefusedError with what is wrong, and OSError.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise _refuse(path, "is larger than 10 MB", "Cut it into single prompts")
    try:
        decoded = miniaudio.decode(
            data,
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=SAMPLES_PER_S,
        )
    except miniaudio.MiniaudioError:
        raise _refuse(path, "is no WAV, MP3 or OGG sound", "Save it as one of these") from None
    seconds = len(decoded.samples) / SAMPLES_PER_S
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise _refuse(path, f"lasts {seconds:.1f} s", f"A prompt lasts {SHORTEST_S} to 180 s")
    if max(map(abs, decoded.samples)) < _QUIETEST_PEAK:
        raise _refuse(path, "holds only silence", "Record it again, louder")
    return write_sound(decoded.samples.tobytes())


def write_sound(samples: bytes) -> Sound:
    """Return 16-bit mono *samples* at 8 kHz as a sound."""
    written = io.BytesIO()
    with wave.open(written, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLES_PER_S)
        out.writeframes(samples)
    wav = written.getvalue()
    return Sound(hashlib.sha256(wav).hexdigest(), len(samples) / 2 / SAMPLES_PER_S, wav)


def _refuse(path: Path, problem: str, remedy: str) -> RecordingRefusedError:
    return RecordingRefusedError(f"{path.name} {problem}. Nothing was kept. {remedy}.")
