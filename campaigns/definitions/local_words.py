"""Local words: what a commune may fill into a slot that a campaign's authors leave to it."""

import re
import unicodedata
from collections.abc import Iterator

from campaigns.definitions.wording import find_figures, find_links, find_presences
from campaigns.errors import LocalTextRefusedError
from campaigns.texts.segments import normalise

LONGEST_VALUE = 60
# The only slot that may name a number; one is enough to ask at.
_NAMES_A_NUMBER = "local_contact"
_NUMBER = re.compile(
    r"\+\d(?:[ .-]?\d){6,}|(?<!\d)(?:84|0)[ .-]?[235789](?:[ .-]?\d){8,9}(?!\d)|"
    r"(?<!\d)1[89]00(?:[ .-]?\d){4,6}(?!\d)"
)
# A call to 1900 costs the caller, one abroad a fortune.
_NUMBER_TO_ASK_AT = re.compile(r"0[235789]\d{8,9}|1800\d{4,6}")


def read_local(slot: str, value: str) -> str:
    """Return *value* in NFC as citizens will read it in *slot*.

    Authors, and not communes, say what people shall do, and approvers sign that: here is only
    where, when and whom to ask. Raises LocalTextRefusedError for all else.
    """
    said = normalise(value).strip()
    fault = next(_faults(slot, said), None)
    if fault is not None:
        raise LocalTextRefusedError(
            f"The slot {{{slot}}} is not filled with this: {fault}. Nothing was changed."
        )
    return said


def _faults(slot: str, said: str) -> Iterator[str]:
    if not any(sign.isalnum() for sign in said):
        yield "it says nothing"
    if len(said) > LONGEST_VALUE:
        yield f"it has {len(said)} letters, and {LONGEST_VALUE} are the most"
    if not said.isprintable():
        yield "it is no single line, or holds signs that nobody sees"
    if {"{", "}"} & set(said):
        yield "it holds a brace; only authors open slots"
    # Letters that only look like others, such as full-width ones, hide neither links nor numbers.
    plain = unicodedata.normalize("NFKC", said)
    yield from _faults_of_words(plain)
    yield from _faults_of_numbers(slot, plain)


def _faults_of_words(plain: str) -> Iterator[str]:
    if any(find_links(plain)) or "gov.vn" in plain.casefold():
        yield "links are the authors' to give"
    found = [word for _, words in find_presences(plain) for word in words] + find_figures(plain)
    if found:
        yield f"the approver's checklist objects to {', '.join(found)}"


def _faults_of_numbers(slot: str, plain: str) -> Iterator[str]:
    numbers = [re.sub(r"[ .-]", "", number) for number in _NUMBER.findall(plain)]
    if numbers and slot != _NAMES_A_NUMBER:
        yield f"a telephone number belongs into {{{_NAMES_A_NUMBER}}}"
    if len(numbers) > 1:
        yield "one telephone number is enough"
    if not all(map(_NUMBER_TO_ASK_AT.fullmatch, numbers)):
        yield "write a number of the province as people dial it, beginning with 0 or 1800"
