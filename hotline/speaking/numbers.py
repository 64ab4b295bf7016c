"""Numbers in words: Vietnamese, Chinese and English, and digits one by one."""

_VI = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_ZH = "零一二三四五六七八九"
_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_EN_TEENS = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VI_GROUPS = ("", "nghìn", "triệu", "tỷ")
_EN_GROUPS = ("", "thousand", "million", "billion")
LARGEST = 10**12 - 1


def digits_in(digits: str, language: str) -> str:
    """Say *digits* one by one; a telephone's one is 幺 in Chinese, as on the line it is."""
    if language == "zh":
        return "".join("幺" if digit == "1" else _ZH[int(digit)] for digit in digits)
    names = _EN if language == "en" else _VI
    return " ".join(names[int(digit)] for digit in digits)


def cardinal_in(number: int, language: str) -> str:
    """Say *number*, 0 to LARGEST; beyond that digit by digit."""
    if not 0 <= number <= LARGEST:
        return digits_in(str(abs(number)), language)
    if language == "zh":
        return _chinese(number)
    return _english(number) if language == "en" else _vietnamese(number)


def _groups(number: int, size: int) -> list[int]:
    groups = []
    while number:
        number, rest = divmod(number, 10**size)
        groups.append(rest)
    return groups[::-1]


def _vietnamese(number: int) -> str:
    """Say a number as the radio does: linh, mươi mốt, mươi lăm, and nghìn for thousands."""
    if number < 10:  # noqa: PLR2004 - below ten a number is its digit
        return _VI[number]
    words: list[str] = []
    groups = _groups(number, 3)
    for place, group in zip(range(len(groups) - 1, -1, -1), groups, strict=True):
        if not group:
            continue
        words += _vietnamese_hundreds(group, is_full=bool(words))
        words += [_VI_GROUPS[place]] if place else []
    return " ".join(words)


def _vietnamese_hundreds(group: int, *, is_full: bool) -> list[str]:
    hundreds, rest = divmod(group, 100)
    tens, ones = divmod(rest, 10)
    words = [_VI[hundreds], "trăm"] if hundreds or is_full else []
    if not rest:
        return words
    if not tens:
        return [*words, "linh", _VI[ones]] if words else [_VI[ones]]
    words += ["mười"] if tens == 1 else [_VI[tens], "mươi"]
    if not ones:
        return words
    changed = {5: "lăm"} if tens == 1 else {1: "mốt", 4: "tư", 5: "lăm"}
    return [*words, changed.get(ones, _VI[ones])]


def _english(number: int) -> str:
    if not number:
        return "zero"
    words: list[str] = []
    groups = _groups(number, 3)
    for place, group in zip(range(len(groups) - 1, -1, -1), groups, strict=True):
        if group:
            words += _english_hundreds(group)
            words += [_EN_GROUPS[place]] if place else []
    return " ".join(words)


def _english_hundreds(group: int) -> list[str]:
    hundreds, rest = divmod(group, 100)
    words = [_EN[hundreds], "hundred"] if hundreds else []
    if rest >= 20:  # noqa: PLR2004 - from twenty on numbers are made of two words
        tens, ones = divmod(rest, 10)
        return [*words, _EN_TENS[tens], *([_EN[ones]] if ones else [])]
    if rest >= 10:  # noqa: PLR2004 - ten to nineteen have names of their own
        return [*words, _EN_TEENS[rest - 10]]
    return [*words, *([_EN[rest]] if rest else [])]


def _chinese(number: int) -> str:
    if not number:
        return _ZH[0]
    said = ""
    groups = _groups(number, 4)
    for place, group in zip(range(len(groups) - 1, -1, -1), groups, strict=True):
        if not group:
            continue
        if said and group < 1000:  # noqa: PLR2004 - a group that begins with zeros says one
            said += _ZH[0]
        said += _chinese_thousands(group) + ("", "万", "亿")[place]
    return said[1:] if said.startswith("一十") else said


def _chinese_thousands(group: int) -> str:
    said, is_gap = "", False
    for unit, digit in zip("千百十 ", f"{group:04}", strict=True):
        if digit == "0":
            is_gap = bool(said)
            continue
        said += (_ZH[0] if is_gap else "") + _ZH[int(digit)] + unit.strip()
        is_gap = False
    return said
