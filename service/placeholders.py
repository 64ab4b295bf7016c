"""Placeholders: what a machine speaks for the demonstration where people have to record prompts."""

import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from campaigns.subscribers.languages import NAMES
from hotline.documents import SPOKEN_BY_MACHINE
from hotline.errors import RecordingRefusedError
from hotline.library import load_library
from hotline.recordings import PLACEHOLDER, Utterance
from hotline.speaking.wording import say_aloud
from hotline.utterances import keep_recording, list_utterances
from service.resources import Resources
from service.sounds import DIRECTORY, Sound, read_sound
from service.stored_files import store

PROGRAM = "espeak-ng"
# The first menu, and what is heard in every call; the rest is said in Vietnamese with an apology.
_SPOKEN = ("node.main", "phrase.apology_recording", "phrase.after_answer", "phrase.goodbye")
# Nobody shall take it for the real thing: it says so, and each language has a pitch of its own.
_MARK = "Bản thử."
_PITCHES = {"tyz": 30, "ium": 70}
_ALL_WITHIN_S = 5.0
_ONE_WITHIN_S = 5.0


def add_placeholders(resources: Resources, *, program: str = PROGRAM) -> str:
    """Have *program* speak a few prompts for the languages no machine speaks; say what was done.

    Vietnamese by a machine under another language's name: good for hearing where recordings
    belong, and for nothing else. Without the program nothing is done.
    """
    found = shutil.which(program)
    if found is None:
        return f"no recorded prompts: {program} is not on this machine (apt-get install {program})"
    with resources.sessions() as session:
        library = load_library(session)
    now = resources.now()
    every = list_utterances(library, at=now) if library else []
    chosen = [one for one in every if one.name.startswith(_SPOKEN)]
    begun, added = time.monotonic(), 0
    for utterance in chosen:
        for language in (name for name in NAMES if name not in SPOKEN_BY_MACHINE):
            if time.monotonic() - begun > _ALL_WITHIN_S:
                break
            sound = _speak(found, utterance, pitch=_PITCHES[language])
            if sound is None or library is None:
                return f"{added} placeholder prompts; {program} failed at {utterance.name}"
            store(resources.settings.data_dir, f"{DIRECTORY}/{sound.digest}.wav", sound.wav)
            with resources.sessions.begin() as session:
                keep_recording(
                    session,
                    library,
                    utterance.name,
                    language,
                    digest=sound.digest,
                    seconds=sound.seconds,
                    added_by=PLACEHOLDER,
                    now=now,
                )
            added += 1
    return f"{added} prompts in Tày - Nùng and Dao are placeholders, spoken by {program}"


def _speak(program: str, utterance: Utterance, *, pitch: int) -> Sound | None:
    words = f"{_MARK} {say_aloud(utterance.texts['vi'], 'vi')}"
    with TemporaryDirectory() as directory:
        path = Path(directory) / "prompt.wav"
        command = [program, "-v", "vi", "-p", str(pitch), "-w", str(path), words]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_ONE_WITHIN_S)
            return read_sound(path)
        except (subprocess.SubprocessError, OSError, RecordingRefusedError):
            return None
