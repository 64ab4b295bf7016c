"""TwiML as a switch that is not Twilio reads it: eight verbs, and nothing it does not know.

A verb, an attribute or a nesting outside this grammar is an error, because on some switch a
caller would meet with silence at that place.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field

LARGEST_DOCUMENT = 64 * 1024
LONGEST_SAID = 4096
_KEYS = "0123456789*#"


class TwimlError(Exception):
    """The document is none that every switch could carry out."""


@dataclass(frozen=True, slots=True)
class Say:
    """A machine reads *text*."""

    text: str
    voice: str
    language: str


@dataclass(frozen=True, slots=True)
class Play:
    """A sound file is played."""

    url: str


Sound = Say | Play


@dataclass(frozen=True, slots=True)
class Gather:
    """Wait for keys or words while *sounds* are heard."""

    sounds: tuple[Sound, ...]
    action: str
    timeout_s: int
    most: int
    finishes: str
    hears: str = ""
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """Record what is said until a key of *finishes*, or for *longest_s*."""

    action: str
    longest_s: int
    finishes: str
    callback: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring *numbers*."""

    action: str
    timeout_s: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with the document at *url*."""

    url: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """The call is over; ``is_refused`` when it was never taken up."""

    is_refused: bool = False


Verb = Sound | Gather | Record | Dial | Redirect | Hangup

_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    name: frozenset(known.split())
    for name, known in {
        "Response": "",
        "Say": "voice language loop",
        "Play": "loop",
        "Gather": "input action method timeout numDigits finishOnKey language hints speechTimeout",
        "Redirect": "method",
        "Record": (
            "action method maxLength timeout finishOnKey playBeep recordingStatusCallback "
            "recordingStatusCallbackMethod"
        ),
        "Dial": "action method timeout callerId",
        "Number": "",
        "Reject": "reason",
        "Hangup": "",
    }.items()
}


@dataclass(slots=True)
class _Reader:
    """Reads one document; every complaint names the verb."""

    verbs: list[Verb] = field(default_factory=list)

    def read(self, element: ET.Element) -> None:
        match element.tag:
            case "Say" | "Play":
                self.verbs.append(_sound(element))
            case "Gather":
                self.verbs.append(_gather(element))
            case "Redirect":
                self.verbs.append(Redirect(_words(element)))
            case "Record":
                self.verbs.append(_record(element))
            case "Dial":
                self.verbs.append(_dial(element))
            case "Hangup" | "Reject":
                self.verbs.append(Hangup(is_refused=element.tag == "Reject"))
            case unknown:
                raise TwimlError(f"{unknown} is no verb that every switch knows")


def read_twiml(document: bytes) -> list[Verb]:
    """Return the verbs of *document*, or raise TwimlError."""
    if len(document) > LARGEST_DOCUMENT:
        raise TwimlError("the document is larger than 64 KiB")
    if b"<!DOCTYPE" in document:
        raise TwimlError("the document declares a type of its own")
    try:
        root = ET.fromstring(document)  # noqa: S314 - from our own web, and without a DOCTYPE
    except ET.ParseError as broken:
        raise TwimlError(f"this is no XML: {broken}") from None
    if root.tag != "Response":
        raise TwimlError(f"the document is a {root.tag}, no Response")
    if (root.text or "").strip() or not len(root):
        raise TwimlError("the document holds no verb, or text outside of any")
    reader = _Reader()
    for element in root:
        _check(element)
        reader.read(element)
    return reader.verbs


def _check(element: ET.Element) -> None:
    unknown = set(element.attrib) - _ATTRIBUTES.get(element.tag, frozenset())
    if unknown:
        raise TwimlError(f"{element.tag} has what not every switch knows: {sorted(unknown)}")
    if (element.tail or "").strip():
        raise TwimlError(f"text stands after {element.tag}")
    if element.attrib.get("method", "POST") != "POST":
        raise TwimlError(f"{element.tag} does not post")


def _words(element: ET.Element) -> str:
    if len(element):
        raise TwimlError(f"{element.tag} holds another verb")
    words = (element.text or "").strip()
    if not words:
        raise TwimlError(f"{element.tag} is empty")
    if len(words) > LONGEST_SAID:
        raise TwimlError(f"{element.tag} is longer than {LONGEST_SAID} characters")
    return words


def _sound(element: ET.Element) -> Sound:
    words = _words(element)
    if element.tag == "Play":
        return Play(words)
    return Say(words, _given(element, "voice"), _given(element, "language"))


def _gather(element: ET.Element) -> Gather:
    sounds = []
    for inner in element:
        _check(inner)
        if inner.tag not in {"Say", "Play"}:
            raise TwimlError(f"{inner.tag} stands inside of Gather")
        sounds.append(_sound(inner))
    hears = ""
    if _given(element, "input") == "dtmf speech":
        hears = _given(element, "language")
    elif element.attrib["input"] != "dtmf":
        raise TwimlError("Gather listens to something else than keys and speech")
    hints = element.attrib.get("hints", "")
    return Gather(
        tuple(sounds),
        action=_given(element, "action"),
        timeout_s=_number(element, "timeout"),
        most=_number(element, "numDigits"),
        finishes=_finishing(element),
        hears=hears,
        hints=tuple(hint.strip() for hint in hints.split(",") if hint.strip()),
    )


def _record(element: ET.Element) -> Record:
    return Record(
        _given(element, "action"),
        longest_s=_number(element, "maxLength"),
        finishes=_finishing(element),
        callback=element.attrib.get("recordingStatusCallback", ""),
    )


def _dial(element: ET.Element) -> Dial:
    numbers = []
    for inner in element:
        _check(inner)
        if inner.tag != "Number":
            raise TwimlError(f"{inner.tag} stands inside of Dial")
        number = _words(inner)
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
            raise TwimlError("Dial rings something that is no number in E.164")
        numbers.append(number)
    if not numbers:
        raise TwimlError("Dial rings nobody")
    return Dial(_given(element, "action"), _number(element, "timeout"), tuple(numbers))


def _given(element: ET.Element, name: str) -> str:
    value = element.attrib.get(name, "")
    if not value:
        raise TwimlError(f"{element.tag} has no {name}")
    return value


def _number(element: ET.Element, name: str) -> int:
    value = _given(element, name)
    if not (value.isascii() and value.isdigit() and int(value)):
        raise TwimlError(f"{name} of {element.tag} is no whole number above 0")
    return int(value)


def _finishing(element: ET.Element) -> str:
    keys = element.attrib.get("finishOnKey", "#")
    if any(key not in _KEYS for key in keys):
        raise TwimlError(f"{element.tag} is finished by a key that no telephone has")
    return keys
