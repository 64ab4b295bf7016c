"""A telephone in a process: rings the hotline over signed HTTP and carries out its TwiML.

It knows only what `service.loopback.twiml` knows, so that what a caller hears here can be heard
through any switch. Time does not pass: everything is heard at once, and what is waited for comes
when the caller does something.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urljoin
from uuid import uuid4

from service.errors import TelephoneError
from service.loopback.twiml import (
    Dial,
    Gather,
    Hangup,
    Play,
    Record,
    Redirect,
    Sound,
    TwimlError,
    Verb,
    read_twiml,
)
from service.twilio.signatures import sign
from service.twilio.voice import BEGIN_PATH, STATUS_PATH

# More documents in a row that wait for nothing are a circle that no caller gets out of.
MOST_REDIRECTS = 8
_XML = "text/xml"
_AUDIO = "audio/"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the web answered: status, content type and body."""

    status: int
    content_type: str
    body: bytes


# Asks a full public address: with a form, posts it under the headers; without, fetches it.
Ask = Callable[[str, list[tuple[str, str]] | None, Mapping[str, str]], Answer]
# Lets the carrier have a voice message of so many seconds under a name.
KeepVoice = Callable[[str, int], object]
Waiting = Gather | Record | Dial


@dataclass(slots=True)
class Telephone:
    """One call. ``heard`` is what was heard since the caller last did something.

    ``waits`` is what the hotline waits for; None once the call is over.
    """

    ask: Ask
    public_url: str
    auth_token: str
    caller: str = "anonymous"
    called: str = "+842053800000"
    account_sid: str = "AC" + "0" * 32
    keep_voice: KeepVoice = lambda _sid, _seconds: None
    sid: str = field(default_factory=lambda: f"CA{uuid4().hex}")
    heard: list[Sound] = field(default_factory=list)
    waits: Waiting | None = None
    is_over: bool = False
    requests: int = 0
    _rest: list[Verb] = field(default_factory=list)
    _at: str = ""
    _redirects: int = 0

    def ring(self) -> None:
        """Call the hotline and listen until it waits for something."""
        self._fetch(self.public_url + BEGIN_PATH, {})

    def press(self, keys: str) -> str:
        """Press *keys* and return those that the hotline did not wait for."""
        if not isinstance(self.waits, Gather):
            raise TelephoneError("The hotline waits for no keys now. Nothing was sent.")
        taken, finished = _taken(keys, self.waits)
        # A key that finishes is delivered beside the digits, never among them.
        fields = {"Digits": taken} | ({"FinishedOnKey": finished} if finished else {})
        rest = keys[len(taken) + len(finished) :]
        self._fetch(self.waits.action, fields)
        return rest

    def say(self, words: str) -> None:
        """Say *words*; where no machine listens, this is silence."""
        if isinstance(self.waits, Gather) and self.waits.hears:
            self._fetch(self.waits.action, {"SpeechResult": words, "Confidence": "0.9"})
        else:
            self.stay_silent()

    def stay_silent(self) -> None:
        """Do nothing until the hotline goes on by itself."""
        if isinstance(self.waits, Dial):
            self.end_ringing("no-answer")
            return
        self.heard, self._redirects = [], 0
        self._run()

    def leave_message(self, seconds: int) -> None:
        """Speak for so many *seconds* after the tone; 0 is silence."""
        if not isinstance(self.waits, Record):
            raise TelephoneError("The hotline waits for no message now. Nothing was sent.")
        if seconds <= 0:
            self.stay_silent()
            return
        record, voice = self.waits, self._voice(seconds)
        self.keep_voice(voice["RecordingSid"], seconds)
        self._fetch(record.action, {**voice, "Digits": record.finishes[:1]})
        if record.callback:
            self._report(record.callback, {**voice, "RecordingStatus": "completed"})

    def end_ringing(self, status: str) -> None:
        """End a transfer with a DialCallStatus such as ``completed``, ``busy`` or ``no-answer``."""
        if not isinstance(self.waits, Dial):
            raise TelephoneError("Nobody is being rung now. Nothing was sent.")
        self._fetch(self.waits.action, {"DialCallStatus": status, "DialCallSid": f"{self.sid}-1"})

    def hang_up(self) -> None:
        """Put the receiver down; the hotline hears of it as it does from a carrier."""
        if not self.is_over:
            self.heard = []
            self._finish()

    def post(self, url: str, fields: Mapping[str, str]) -> Answer:
        """Post *fields* about this call to *url* with the carrier's signature."""
        form = list((self._about() | dict(fields)).items())
        self.requests += 1
        return self.ask(url, form, {"X-Twilio-Signature": sign(url, form, self.auth_token)})

    def _fetch(self, url: str, fields: Mapping[str, str], *, is_redirect: bool = False) -> None:
        if not is_redirect:
            self.heard, self._redirects = [], 0
        self._at = urljoin(self._at or self.public_url, url)
        answer = self.post(self._at, fields)
        if answer.status != HTTPStatus.OK or not answer.content_type.startswith(_XML):
            raise TelephoneError(
                _broken(f"{self._at} answered {answer.status} {answer.content_type}")
            )
        try:
            self._rest = read_twiml(answer.body)
        except TwimlError as wrong:
            raise TelephoneError(
                _broken(f"{self._at} answered TwiML with a fault: {wrong}")
            ) from None
        self._run()

    def _run(self) -> None:
        """Carry out what is left of the document until something is waited for."""
        self.waits = None
        while self._rest:
            match self._rest.pop(0):
                case Gather(sounds=sounds) as gather:
                    for sound in sounds:
                        self._listen(sound)
                    self.waits = gather
                    return
                case (Record() | Dial()) as waits:
                    self.waits = waits
                    return
                case Redirect(url):
                    self._redirects += 1
                    if self._redirects > MOST_REDIRECTS:
                        raise TelephoneError(_broken("it runs in a circle and waits for nothing"))
                    self._fetch(url, {}, is_redirect=True)
                    return
                case Hangup():
                    break
                case sound:
                    self._listen(sound)
        self._finish()

    def _listen(self, sound: Sound) -> None:
        if isinstance(sound, Play):
            answer = self.ask(urljoin(self._at, sound.url), None, {})
            is_audio = answer.content_type.startswith(_AUDIO) and bool(answer.body)
            if answer.status != HTTPStatus.OK or not is_audio:
                raise TelephoneError(_broken(f"{sound.url} answered {answer.status}"))
        self.heard.append(sound)

    def _finish(self) -> None:
        self.is_over, self.waits, self._rest = True, None, []
        self._report(self.public_url + STATUS_PATH, {"CallStatus": "completed"})

    def _report(self, url: str, fields: Mapping[str, str]) -> None:
        answer = self.post(urljoin(self._at, url), fields)
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise TelephoneError(_broken(f"{url} answered {answer.status}"))

    def _voice(self, seconds: int) -> dict[str, str]:
        sid = f"RE{uuid4().hex}"
        url = f"https://api.twilio.com/2010-04-01/Accounts/{self.account_sid}/Recordings/{sid}"
        return {"RecordingSid": sid, "RecordingUrl": url, "RecordingDuration": str(seconds)}

    def _about(self) -> dict[str, str]:
        return {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.sid,
            "CallStatus": "in-progress",
            "Direction": "inbound",
            "From": self.caller,
            "To": self.called,
        }


def _taken(keys: str, gather: Gather) -> tuple[str, str]:
    """Return the keys that *gather* takes of *keys*, and the one that finished it, if one did."""
    taken = ""
    for key in keys:
        if key in gather.finishes:
            return taken, key
        taken += key
        if len(taken) == gather.most:
            break
    return taken, ""


def _broken(reason: str) -> str:
    return (
        f"The call broke off: {reason}. What was kept of it stays; see the web's log, and "
        "docs/hotline-number.md for what must fit."
    )
