"""Encodings: how the bytes of a list that a clerk sent are to be read, settled before reading."""

import codecs
from typing import BinaryIO

from campaigns.errors import SubscriberFileError

_CHUNK_BYTES = 1 << 20
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What a text may not hold: control characters other than tab, line feed, form feed, return.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\f\r\x1a")


def refuse_file(
    name: str, why: str, *, remedy: str = "Save it as CSV (UTF-8) or XLSX"
) -> SubscriberFileError:
    """Say that the list *name* cannot be read and *why*, in the words every reader uses."""
    return SubscriberFileError(
        f"{name} cannot be read as a subscriber list: {why}. Nothing was imported. "
        f"{remedy} and import it again."
    )


def no_heading(name: str) -> SubscriberFileError:
    """Say that no line of the list *name* says what its columns are."""
    return refuse_file(
        name,
        "no heading names the column of the numbers",
        remedy="Write a first line such as phone,area (số điện thoại, mã xã) above the rows",
    )


def detect_encoding(file: BinaryIO, *, name: str) -> tuple[str, str]:
    """Return the encoding of the whole *file* and its first visible character; rewind it.

    Every byte is looked at, because a list may be plain ASCII for a thousand rows before the
    first accent. Knows UTF-8 and UTF-16 with or without a byte order mark, and CP1258.
    """
    begin = file.read(4096)
    encoding = next((known for bom, known in _BOMS.items() if begin.startswith(bom)), None)
    encoding = encoding or _unmarked_utf16(begin)
    file.seek(0)
    candidates = [encoding] if encoding else ["utf-8", "cp1258"]
    for candidate in candidates:
        file.seek(0)
        if _reads_as(file, candidate, name=name):
            break
    else:
        raise refuse_file(name, "its letters are in no encoding that Loa knows")
    file.seek(0)
    first = begin.decode(candidate, "ignore").lstrip("\ufeff \t\r\n")[:1]
    if not first:
        raise refuse_file(name, "it is empty")
    return candidate, first


def _unmarked_utf16(begin: bytes) -> str | None:
    """Guess UTF-16 from where the zero bytes of ASCII characters stand."""
    even, odd = begin[0::2].count(0), begin[1::2].count(0)
    enough = len(begin) // 6
    if odd > enough and even < odd // 10:
        return "utf-16-le"
    return "utf-16-be" if even > enough and odd < even // 10 else None


def _reads_as(file: BinaryIO, encoding: str, *, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    wide = encoding.startswith("utf-16")
    try:
        while chunk := file.read(_CHUNK_BYTES):
            if len(chunk) == _CHUNK_BYTES and b"\n" not in chunk and b"\r" not in chunk:
                raise refuse_file(name, "it has a line of more than a million characters")
            text = decoder.decode(chunk)
            if ("\0" in text) if wide else chunk.translate(None, _CONTROLS) != chunk:
                raise refuse_file(name, "it holds bytes that no text has")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
