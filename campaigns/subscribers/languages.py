"""Languages: the codes stored for what a subscriber reads and hears, and what clerks call them.

Tày and Nùng are one language on the radio (VOV's practice) and one here, under ISO 639-3 ``tyz``;
Dao is ``ium``. The province's lists name them in Vietnamese.
"""

from campaigns.subscribers.headings import fold

NAMES = {
    "vi": "Tiếng Việt",
    "tyz": "Tày - Nùng",
    "ium": "Dao",
    "zh": "中文",
    "en": "English",
}
_WORDS = {
    "vi": "vi|vie|vi vn|viet|tieng viet|viet nam|tieng viet nam|vietnamese|kinh|tieng kinh|vn",
    "tyz": "tyz|nut|tay|nung|tay nung|tieng tay|tieng nung|tieng tay nung",
    "ium": "ium|mji|dao|tieng dao|yao|mien|iu mien",
    "zh": "zh|zho|chi|cmn|zh cn|zh hans|trung|trung quoc|tieng trung|tieng trung quoc|hoa|"
    "tieng hoa|chinese|mandarin|cn",
    "en": "en|eng|en us|en gb|anh|tieng anh|english",
}
_CODE_OF = {word: code for code, words in _WORDS.items() for word in words.split("|")}
_IN_CHINESE = {"中文": "zh", "汉语": "zh", "普通话": "zh"}


def read_language(written: str) -> str | None:
    """Return the code for a language as a clerk wrote it, or None if it is none that Loa has."""
    return _CODE_OF.get(fold(written)) or _IN_CHINESE.get(written.strip())
