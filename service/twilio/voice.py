"""Voice: a reply of the hotline as TwiML, made with Twilio's own library.

Only Say, Play, Gather, Redirect, Record, Dial and Hangup are used, since a switch that speaks
TwiML may know no more: a caller is never kept waiting by a Pause, and silence after a Gather or a
Record leads on by a Redirect.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from twilio.twiml.voice_response import Gather, VoiceResponse

from hotline.steps import AwaitKeys, AwaitVoice, HangUp, Reply, Spoken, Transfer

BEGIN_PATH = "/twilio/voice"
TURNS_PATH = "/twilio/voice/turns/"
STATUS_PATH = "/twilio/voice/status"
RECORDINGS_PATH = "/twilio/voice/recordings"
SOUNDS_PATH = "/twilio/voice/sounds/"
STOP_CALL_PATH = "/twilio/voice/stop"
# A call that is rejected is never answered, and costs neither side anything
# (twilio.com/docs/voice/twiml/reject).
REJECT = b'<?xml version="1.0" encoding="UTF-8"?><Response><Reject reason="busy"/></Response>'

# What Gather calls a language is not always what Say calls it
# (twilio.com/docs/voice/twiml/gather, "languages").
HEARD_AS = {"vi": "vi-VN", "zh": "cmn-Hans-CN", "en": "en-US"}
_SPOKEN_AS = {"vi": "vi-VN", "zh": "cmn-CN", "en": "en-US"}
# twilio.com/docs/voice/twiml/gather, "hints": at most 500 phrases of 100 characters.
_MOST_HINTS = 500
_LONGEST_HINT = 100
_FALLBACK = "vi"
_QUIET_S = 5
_MOST_KEPT = 2048
_NEXT = "the-next-turn"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGGED = re.compile(r"^[A-Za-z]+\.([a-z]{2,3}-[A-Z]{2})-").match


@dataclass(frozen=True, slots=True)
class Voice:
    """A machine's voice, and the language tag that goes with it."""

    name: str
    language: str

    @classmethod
    def of(cls, language: str, name: str) -> "Voice":
        """Return the voice *name* for *language*; a name such as Google's holds its own tag."""
        tagged = _TAGGED(name)
        return cls(name, tagged[1] if tagged else _SPOKEN_AS[language])


class VoiceRenderer:
    """Turns replies into TwiML; what was rendered once is only given another number."""

    def __init__(self, *, public_url: str, voices: Mapping[str, str]) -> None:
        """Let requests come back to *public_url*; *voices* names one by language."""
        self._url = public_url
        self._voices = {language: Voice.of(language, name) for language, name in voices.items()}
        self._to_next = f"{public_url}{TURNS_PATH}{_NEXT}"
        # Most turns say what thousands have heard before; building the document anew each time
        # would take as long as everything else about a turn but the database.
        self._drawn = lru_cache(maxsize=_MOST_KEPT)(self._draw)

    def render(self, reply: Reply, *, number: int) -> bytes:
        """Return the document for the *reply* of turn *number*, which leads to the turn after."""
        following = f"{self._url}{TURNS_PATH}{number + 1}"
        return self._drawn(reply).replace(self._to_next, following).encode()

    def _draw(self, reply: Reply) -> str:
        response = VoiceResponse()
        match reply.ending:
            case AwaitKeys() as keys:
                gather = self._gather(keys)
                self._speak(gather, reply.spoken)
                response.append(gather)
                response.redirect(self._to_next, method="POST")
            case AwaitVoice(longest_s):
                self._speak(response, reply.spoken)
                response.record(
                    action=self._to_next,
                    method="POST",
                    max_length=longest_s,
                    timeout=_QUIET_S,
                    finish_on_key="#",
                    play_beep=True,
                    recording_status_callback=f"{self._url}{RECORDINGS_PATH}",
                )
                response.redirect(self._to_next, method="POST")
            case Transfer(numbers, ring_s):
                self._speak(response, reply.spoken)
                dial = response.dial(action=self._to_next, method="POST", timeout=ring_s)
                for number in numbers:
                    dial.number(number)
            case HangUp():
                self._speak(response, reply.spoken)
                response.hangup()
        return str(response)

    def _gather(self, keys: AwaitKeys) -> Gather:
        heard_as = HEARD_AS.get(keys.hears)
        listening = {
            "language": heard_as,
            "speech_timeout": "auto",
            "hints": ", ".join(_hints(keys.hints)) or None,
        }
        return Gather(
            input="dtmf speech" if heard_as else "dtmf",
            action=self._to_next,
            method="POST",
            timeout=keys.timeout_s,
            num_digits=keys.most,
            # With a key that finishes, that key itself would never be delivered.
            finish_on_key="" if keys.most == 1 else "#",
            **(listening if heard_as else {}),
        )

    def _speak(self, into: VoiceResponse | Gather, spoken: tuple[Spoken, ...]) -> None:
        for one in spoken:
            if one.recording:
                into.play(f"{self._url}{SOUNDS_PATH}{one.recording}")
            else:
                voice = self._voices.get(one.language) or self._voices[_FALLBACK]
                text = _NO_XML.sub(" ", one.text)
                into.say(text, voice=voice.name, language=voice.language)


def _hints(hints: tuple[str, ...]) -> list[str]:
    tidy = (_NO_XML.sub(" ", hint).replace(",", " ")[:_LONGEST_HINT] for hint in hints)
    return list(dict.fromkeys(tidy))[:_MOST_HINTS]
