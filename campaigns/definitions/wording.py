"""Wording: what a text says and should not, or should say and does not, by its words alone."""

import re
from collections.abc import Iterator

from campaigns.definitions.document import EXERCISE_WORDS
from campaigns.texts.diacritics import unaccent
from campaigns.texts.slots import slots_in

_SHORTENERS = frozenset(
    {"bit.ly", "tinyurl.com", "goo.gl", "t.co", "is.gd", "cutt.ly", "shorturl.at", "rb.gy",
     "ow.ly", "tiny.cc", "s.id", "by.com.vn", "bom.so", "t.ly", "v.gd", "rebrand.ly"}
)  # fmt: skip
_HOST = re.compile(
    r"https?://([^\s/?#:]+)|(?<![\w@.-])((?:[a-z0-9-]+\.)+(?:"
    r"vn|com|net|org|info|biz|me|ly|gl|io|co|app|site|xyz|top|cc|cn|gd|at|tk|id|so|asia|"
    r"online|shop|link|page|edu))(?![\w-])",
    re.IGNORECASE,
)
_CAPITALS_THAT_ARE_NAMES = frozenset(
    {"COVID", "NCOVI", "UBND", "HĐND", "HDND", "CCCD", "TTYT", "BHYT", "SARS", "MERS", "VSSID",
     "THCS", "THPT", "PTDT", "PTDTBT", "PTDTNT"}
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]{4,}")
_SLOT = re.compile(r"\{[a-z_]+\}")
_HEAD_CHARS = 60

# Looked for in small letters without accents, so that both ways of writing are found.
_SPEAKER = re.compile(
    r"^[^:：.!?]{2,40}[:：]|\b(?:so y te|syt|cdc|ubnd|bo y te|bcd|ban chi dao|trung tam|tram y te|"
    r"ttyt|lang son|health|committee|province)\b|谅山|卫生"
)
_PLACE = re.compile(r"\b(?:lang son|xa|phuong|thon|tinh|commune|ward|province)\b|谅山|[乡镇省县社]")
_TIME = re.compile(
    r"\d{1,2}/\d{1,2}|\b\d{1,2}(?:h|:)\d{0,2}\b|\b(?:hom nay|ngay mai|hang ngay|moi ngay|"
    r"ngay|gio|tuan|thang|today|tomorrow|now|days?|hours?|weeks?|daily)\b|[日天时点周]"
)
_ORDER = re.compile(
    r"\b(?:hay|de nghi|moi|xin|goi|thuc hien|cap nhat|vao|mang|deo|bao|khai|han che|khong|den|"
    r"o nha|o lai|lien he|theo doi|giu|cai|bam|phim|rua|tiem|tranh|xem|please|call|avoid|"
    r"follow|stay|wear|go|bring|update|report|check|get|press|do not|see|keep|declare|ask)\b|"
    r"[请勿]|拨打|不要|务必"
)
_WHERE_TO_ASK = re.compile(
    r"(?<!\d)(?:0\d{2,3}[ .]?\d{3}[ .]?\d{3,4}|1[89]00[ .]?\d{4,6}|1022|115)(?!\d)|gov\.vn\b|"
    r"\b(?:tram y te|ubnd xa)\b"
)
_ABSENCES = (
    ("sender_not_named", (), _SPEAKER),
    ("area_not_named", ("area", "local_place"), _PLACE),
    ("no_time", ("from_day", "from_hour", "until", "local_hours"), _TIME),
    ("no_action", (), _ORDER),
    ("no_contact", ("hotline", "local_contact"), _WHERE_TO_ASK),
)

# Looked for in small letters as written; the forms without accents are those of plain texts.
_SENSITIVE = re.compile(
    r"tử vong|tai biến|phong t(?:ỏa|oả)|kịch bản|\b(?:tu vong|phong toa|kich ban)\b|"
    r"\btai bien\b(?! (?:gioi|phong))|\bdeaths?\b|\bdied\b|\blockdown\b|死亡|封锁|封控"
)
_BLAME = re.compile(
    r"trốn (?:khai báo|cách ly)|vô ý thức|gieo rắc|siêu lây nhiễm|\b(?:kẻ|bọn)\b|"
    r"vi ?r[uú][ts] (?:trung quốc|vũ hán)|(?:chinese|wuhan) virus|武汉病毒"
)
_CATEGORY = re.compile(r"\bf[0-5]\b")
_PATIENT = re.compile(r"\b(?:bn|bệnh nhân|benh nhan|patient)\s*(?:số|so|no\.?)?\s*\d{2,}")
_SECRET = re.compile(
    r"(?<!không )(?<!not )\b(?:gửi|cung cấp|nhập|soạn|trả lời|send|enter|provide|reply)\b"
    r"[^.;:]{0,40}\b(?:otp|mật khẩu|số tài khoản|password|pin)\b"
)
_FIGURE = re.compile(
    r"\d[\d.,]*\s*(?:ca\b(?! (?:trực|kíp|làm|học))|trường hợp\b|bệnh nhân\b|"
    r"người (?:mắc|nhiễm|chết|tử vong|dương tính)|(?:new )?(?:cases?|deaths?|infections?)\b|"
    r"例|人(?:感染|死亡))|\d\s?%\s*(?:dân số|người|số người|trẻ|of (?:people|adults))"
)
_PRESENCES = (
    ("sensitive_words", _SENSITIVE),
    ("blame", _BLAME),
    ("person_category", _CATEGORY),
    ("patient_identity", _PATIENT),
    ("asks_secret", _SECRET),
)


def find_absences(text: str) -> Iterator[str]:
    """Yield the code of everything a citizen needs that *text*, slots and all, does not say."""
    slots = slots_in(text)
    plain = unaccent(_without_exercise(without_slots(text))).casefold()
    for code, filling, pattern in _ABSENCES:
        looked_at = plain[:_HEAD_CHARS] if pattern is _SPEAKER else plain
        if not slots.intersection(filling) and pattern.search(looked_at) is None:
            yield code


def find_presences(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield a code and the words of *text* behind it, for wording that needs a second look."""
    small = text.casefold()
    for code, pattern in _PRESENCES:
        words = list(dict.fromkeys(match.group() for match in pattern.finditer(small)))
        if words:
            yield code, words
    if loud := find_loud(text):
        yield "shouting", loud
    short, foreign = find_links(text)
    if short:
        yield "link_shortener", short
    if foreign:
        yield "link_not_official", foreign


def find_figures(text: str) -> list[str]:
    """Return the case figures that *text* states."""
    return [match.group() for match in _FIGURE.finditer(text.casefold())]


def find_loud(text: str) -> list[str]:
    """Return words in capitals that are no names, and exclamation marks if more than one."""
    words = [
        word
        for word in _WORD.findall(_without_exercise(without_slots(text)))
        if all(letter.isupper() for letter in word) and word not in _CAPITALS_THAT_ARE_NAMES
    ]
    marks = text.count("!") + text.count("！")
    return [*dict.fromkeys(words), *(["!"] if marks > 1 else [])]


def find_links(text: str) -> tuple[list[str], list[str]]:
    """Return the hosts of link shorteners in *text*, and the other hosts outside gov.vn."""
    hosts = [(full or bare).casefold() for full, bare in _HOST.findall(text)]
    short = [host for host in hosts if host.removeprefix("www.") in _SHORTENERS]
    foreign = [
        host
        for host in hosts
        if host not in short and host != "gov.vn" and not host.endswith(".gov.vn")
    ]
    return short, foreign


def without_slots(text: str) -> str:
    """Return *text* with a blank for every slot: what its authors wrote themselves."""
    return _SLOT.sub(" ", text)


def _without_exercise(text: str) -> str:
    text = text.lstrip("[( ")
    for words in EXERCISE_WORDS.values():
        for word in words:
            text = text.removeprefix(word)
    return text.lstrip(":：-]) ")
