"""Sounds: prompts that people recorded, checked by content and kept as a telephone plays them."""

import hashlib
import io
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path

from hotline.errors import RecordingRefusedError
from service.sound_files import find_kind, is_cut_off

LARGEST_FILE = 10 * 1024 * 1024
LONGEST_S = 180
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
    if find_kind(data) is None:
        raise _refuse(path, "is no WAV, MP3 or OGG sound", "Save it as one of these")
    if is_cut_off(data):
        raise _refuse(path, "ends in the middle", "Copy or record it again")
    samples = _decode(data)
    if samples is None:
        remedy = "Save it again as WAV, MP3 or OGG Vorbis"
        raise _refuse(path, "is in a form that cannot be read", remedy)
    seconds = len(samples) / SAMPLES_PER_S
    if seconds > LONGEST_S:
        raise _refuse(path, "lasts longer than three minutes", "Cut it into single prompts")
    if seconds < SHORTEST_S:
        raise _refuse(path, f"lasts {seconds:.1f} s", f"A prompt lasts at least {SHORTEST_S} s")
    if max(map(abs, samples)) < _QUIETEST_PEAK:
        raise _refuse(path, "holds only silence", "Record it again, louder")
    return write_sound(samples.tobytes())


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


def _decode(data: bytes) -> "array[int] | None":
    """Return the samples of *data*, but never many more than are kept; None if it is no sound.

    A few megabytes can hold hours of near silence: whoever unpacks all of it first, falls over.
    """
    import miniaudio  # noqa: PLC0415 - only taking over a recording pays for it

    samples: array[int] = array("h")
    try:
        for piece in miniaudio.stream_memory(
            data,
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=1,
            sample_rate=SAMPLES_PER_S,
            frames_to_read=SAMPLES_PER_S,
        ):
            samples.extend(piece)
            if len(samples) > LONGEST_S * SAMPLES_PER_S:
                break
    except miniaudio.MiniaudioError:
        return None
    return samples


def _refuse(path: Path, problem: str, remedy: str) -> RecordingRefusedError:
    return RecordingRefusedError(f"{path.name} {problem}. Nothing was kept. {remedy}.")
