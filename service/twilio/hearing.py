"""Hearing: who calls and what was heard, read from the form that a carrier posts."""

import hashlib
import re
from collections.abc import Mapping

from campaigns.errors import PhoneRefusedError
from campaigns.phones import read_phone
from hotline.calls.heard import SILENCE, Heard, HeardKind, heard_keys, heard_words

_ANSWERED = frozenset({"completed", "answered"})
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_LONGEST_S = 4 * 3600
_LONGEST_SID = 64
_PLAIN_SID = re.compile(rf"[A-Za-z0-9_.@:+-]{{1,{_LONGEST_SID}}}").fullmatch
_VOICE_SID = re.compile(rf"[A-Za-z0-9_-]{{1,{_LONGEST_SID}}}").fullmatch
_E164 = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
_LANDLINE = re.compile(r"0(2[0-9]{8,9})").fullmatch
_WITHOUT_PLUS = re.compile(r"(?:00)?([1-9][0-9]{9,14})").fullmatch
_SIP = re.compile(r"sips?:([^@;]*)(?:[@;].*)?", re.IGNORECASE | re.DOTALL).fullmatch

# Withheld numbers come as a word, or as that word keyed on a telephone: +266696687 is ANONYMOUS
# (twilio.com/docs/voice/twiml, "From").
_WITHHELD = ("anonymous", "blocked", "private", "restricted", "unavailable", "unknown")
_KEYED = {
    letter: str(key)
    for key, letters in enumerate(("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"), 2)
    for letter in letters
}
_KEYED_WITHHELD = frozenset("".join(_KEYED[letter] for letter in word) for word in _WITHHELD)


def read_call_sid(form: Mapping[str, str]) -> str:
    """Return the call's name, ``""`` where there is none."""
    return read_sid(form.get("CallSid", ""))


def read_sid(written: str) -> str:
    """Return a carrier's name for something, ``""`` where there is none.

    What is too long to be kept, or has characters that no database takes, is named by its digest.
    """
    sid = written.strip()
    if not sid or _PLAIN_SID(sid):
        return sid
    return hashlib.sha256(sid.encode(errors="surrogatepass")).hexdigest()


def read_caller(form: Mapping[str, str]) -> str | None:
    """Return the caller's number in E.164; None when it is withheld or no number.

    A number of any country may call; the national forms of Viet Nam become +84.
    """
    raw = form.get("From", "").strip()
    if sip := _SIP(raw):
        raw = sip[1]
    if raw.lstrip("+") in _KEYED_WITHHELD:
        return None
    if _E164(raw) and not raw.startswith("+84"):
        return raw
    try:
        return read_phone(raw)
    except PhoneRefusedError:
        return _read_other(raw)


def _read_other(raw: str) -> str | None:
    """Return a number that is no Vietnamese mobile."""
    if _E164(raw):
        return raw
    if landline := _LANDLINE(raw):
        return f"+84{landline[1]}"
    if abroad := _WITHOUT_PLUS(raw):
        return f"+{abroad[1]}"
    return None


def read_heard(form: Mapping[str, str]) -> Heard:
    """Return what the caller did: whatever makes no sense is silence."""
    if "DialCallStatus" in form:
        was_answered = form["DialCallStatus"].strip().lower() in _ANSWERED
        talked = _read_seconds(form.get("DialCallDuration", "")) if was_answered else 0
        return Heard(HeardKind.TRANSFERRED, was_answered=was_answered, seconds=talked)
    voice_sid = form.get("RecordingSid", "")
    if _VOICE_SID(voice_sid):
        seconds = _read_seconds(form.get("RecordingDuration", ""))
        return Heard(HeardKind.VOICE, voice_sid=voice_sid, seconds=seconds)
    # Whoever keys nothing but the key that finishes means that key.
    keys = form.get("Digits", "").strip() or form.get("FinishedOnKey", "").strip()
    if keys:
        return heard_keys(keys)
    words = form.get("SpeechResult", "")
    return heard_words(words) if words else SILENCE


def is_over(form: Mapping[str, str]) -> bool:
    """Whether a status callback says that the call has ended."""
    return form.get("CallStatus", "").strip().lower() in _OVER


def _read_seconds(written: str) -> int:
    plain = written.strip()
    if not (plain.isascii() and plain.isdigit()):
        return 0
    return min(int(plain[:9]), _LONGEST_S)
