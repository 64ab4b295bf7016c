"""Sound files: which kind one is by its content, and whether all of it is there."""

from collections.abc import Callable

# Programs that write into a pipe do not know the length yet and leave one of these.
_UNKNOWN_LENGTH = 0x7FFF0000
_OGG_PAGE = b"OggS"
_OGG_HEAD = 27
_OGG_LAST_PAGE = 4
_XING_BEFORE = 200
_XING_HAS_FRAMES, _XING_HAS_BYTES = 1, 2


def find_kind(data: bytes) -> str | None:
    """Return ``WAV``, ``MP3`` or ``OGG``; None for anything else, whatever it is called."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "WAV"
    if data[:4] == _OGG_PAGE:
        return "OGG"
    is_frame = len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0  # noqa: PLR2004
    return "MP3" if is_frame or data[:3] == b"ID3" else None


def is_cut_off(data: bytes) -> bool:
    """Whether the file says itself that there was more of it.

    An MP3 without an encoder's own heading does not say, and is taken as it is.
    """
    return _CUT_OFF[find_kind(data) or "MP3"](data)


def _wav_is_cut_off(data: bytes) -> bool:
    place = 12
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name == b"data":
            return 0 < size < _UNKNOWN_LENGTH and place + 8 + size > len(data)
        place += 8 + size + size % 2
    return True


def _ogg_is_cut_off(data: bytes) -> bool:
    place = data.rfind(_OGG_PAGE)
    head = data[place : place + _OGG_HEAD]
    if len(head) < _OGG_HEAD or not head[5] & _OGG_LAST_PAGE:
        return True
    sizes = data[place + _OGG_HEAD : place + _OGG_HEAD + head[26]]
    return len(sizes) < head[26] or place + _OGG_HEAD + len(sizes) + sum(sizes) > len(data)


def _mp3_is_cut_off(data: bytes) -> bool:
    begin = 0
    if data[:3] == b"ID3":
        size = 0
        for part in data[6:10]:
            size = size << 7 | part & 0x7F
        begin = 10 + size
    heading = data[begin : begin + _XING_BEFORE]
    place = max(heading.find(b"Xing"), heading.find(b"Info"))
    if place < 0 or len(heading) < place + 16:
        return False
    flags = heading[place + 7]
    if not flags & _XING_HAS_BYTES:
        return False
    at = place + (12 if flags & _XING_HAS_FRAMES else 8)
    return begin + int.from_bytes(heading[at : at + 4], "big") > len(data)


_CUT_OFF: dict[str, Callable[[bytes], bool]] = {
    "WAV": _wav_is_cut_off,
    "OGG": _ogg_is_cut_off,
    "MP3": _mp3_is_cut_off,
}
