"""Voices: how one utterance is heard in one language, by a recording, a machine, or Vietnamese."""

from hotline.documents import SPOKEN_BY_MACHINE
from hotline.library import Library
from hotline.recordings import Utterance
from hotline.speaking.wording import say_aloud
from hotline.steps import Spoken

_FALLBACK = "vi"
_APOLOGY = "apology_recording"


def speak(library: Library, utterance: Utterance, language: str) -> list[Spoken]:
    """Return what is heard: never nothing.

    A recording that was made of another text than today's is not played. Where a language has
    neither a recording nor a machine's voice, an apology comes first and Vietnamese follows.
    """
    recorded = _find_recording(library, utterance, language)
    if recorded is not None:
        return [Spoken(language, "", recorded)]
    if language in SPOKEN_BY_MACHINE:
        text = utterance.texts.get(language) or utterance.texts[_FALLBACK]
        spoken_in = language if language in utterance.texts else _FALLBACK
        return [Spoken(spoken_in, say_aloud(text, spoken_in))]
    apology = Utterance(f"phrase.{_APOLOGY}", library.phrases.phrases[_APOLOGY].model_dump())
    sorry = _find_recording(library, apology, language)
    first = (
        Spoken(language, "", sorry)
        if sorry
        else Spoken(_FALLBACK, say_aloud(apology.texts[_FALLBACK], _FALLBACK))
    )
    return [first, *speak(library, utterance, _FALLBACK)]


def _find_recording(library: Library, utterance: Utterance, language: str) -> str | None:
    if not utterance.name:
        return None
    kept = library.recordings.get((utterance.name, language))
    if kept is None or kept[0] != utterance.digest_in(language):
        return None
    return kept[1]
