"""Sounds: what people record becomes what a telephone plays, or is refused in one sentence."""

import io
import math
import struct
import wave
from pathlib import Path

import pytest

from hotline.errors import RecordingRefusedError
from service.sounds import SAMPLES_PER_S, read_sound

SOUNDS = Path(__file__).parent / "sounds"


def a_tone(path: Path, *, seconds: float = 1.0, rate: int = 44100, peak: int = 8000) -> Path:
    samples = [
        int(peak * math.sin(2 * math.pi * 440 * n / rate)) for n in range(int(seconds * rate))
    ]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack("<hh", sample, sample) for sample in samples))
    return path


def test_a_stereo_file_becomes_what_a_telephone_plays(tmp_path: Path) -> None:
    """8 kHz, one channel, 16 bits, as long as it was, and always the same for the same file."""
    sound = read_sound(a_tone(tmp_path / "chao.wav"))
    with wave.open(io.BytesIO(sound.wav)) as kept:
        assert kept.getframerate() == SAMPLES_PER_S
        assert (kept.getnchannels(), kept.getsampwidth()) == (1, 2)
    assert sound.seconds == pytest.approx(1.0, abs=0.01)
    assert read_sound(tmp_path / "chao.wav").digest == sound.digest


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no WAV, MP3 or OGG"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "ends in the middle"),
        (b"OggS" + b"\0" * 200, "ends in the middle"),
        (b"\xff\xfb" + b"noise" * 4000, "cannot be read"),
        (b"ID3" + b"\x7f" * 7, "cannot be read"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 4000, "no WAV, MP3 or OGG"),
        (b"0" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    ],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    """By its content, whatever it is called."""
    path = tmp_path / "chao.mp3"
    path.write_bytes(content)
    with pytest.raises(RecordingRefusedError, match=reason):
        read_sound(path)


def test_silence_and_what_is_too_long_or_short_are_refused(tmp_path: Path) -> None:
    """A caller must hear something, and not for minutes."""
    with pytest.raises(RecordingRefusedError, match="silence"):
        read_sound(a_tone(tmp_path / "a.wav", peak=20))
    with pytest.raises(RecordingRefusedError, match=r"lasts 0\.1 s"):
        read_sound(a_tone(tmp_path / "b.wav", seconds=0.1))
    with pytest.raises(RecordingRefusedError, match="longer than three minutes"):
        read_sound(a_tone(tmp_path / "c.wav", seconds=200, rate=8000))


@pytest.mark.parametrize("name", ["tone.mp3", "tone.ogg"])
def test_what_telephones_and_studios_save_is_read(name: str) -> None:
    """Half a second of a tone is half a second of a tone, whatever it was packed in."""
    sound = read_sound(SOUNDS / name)
    assert sound.seconds == pytest.approx(0.5, abs=0.15)
    with wave.open(io.BytesIO(sound.wav)) as kept:
        assert kept.getframerate() == SAMPLES_PER_S


@pytest.mark.parametrize("name", ["tone.mp3", "tone.ogg", "tone.wav"])
def test_a_file_cut_off_in_the_middle_is_refused(tmp_path: Path, name: str) -> None:
    """A broken upload never becomes a prompt that ends in the middle of a word."""
    whole = SOUNDS / name
    if not whole.exists():
        whole = a_tone(tmp_path / "whole.wav")
    path = tmp_path / name
    content = whole.read_bytes()
    for length in (len(content) * 2 // 3, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(RecordingRefusedError, match="ends in the middle"):
            read_sound(path)


def test_a_file_whose_length_nobody_wrote_down_is_taken(tmp_path: Path) -> None:
    """Programs that write into a pipe leave the length open; the sound is whole all the same."""
    path = a_tone(tmp_path / "a.wav")
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff" * 4
    path.write_bytes(content)
    assert read_sound(path).seconds == pytest.approx(1.0, abs=0.01)
