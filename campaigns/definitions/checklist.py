"""The approver's checklist: remarks on a campaign, for people to weigh; none changes a text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.sentences import SENTENCES
from campaigns.definitions.wording import find_absences, find_figures, find_presences, without_slots
from campaigns.figures import CREDITS, FIGURES
from campaigns.subscribers.stop_links import anybodys_link
from campaigns.texts.diacritics import unaccent
from campaigns.texts.encodings import VIETNAMESE, choose, doubtful
from campaigns.texts.segments import measure
from campaigns.texts.slots import fill, slots_in

MAX_SEGMENTS = 3
_MAX_WORDS = 8

# Long values as they occur in Lạng Sơn, so that a text that fits with these fits everywhere.
SAMPLE_VALUES: Mapping[str, str] = {
    "area": "phường Lương Văn Tri",
    "level": "3",
    "colour": "vàng",
    "from_hour": "18h30",
    "from_day": "30/10",
    "until": "18h30 30/10",
    "hotline": "1800 1119",
    "stop_link": anybodys_link("https://loa.langson.gov.vn"),
    **dict.fromkeys(FIGURES, "123.456"),
    "figures_source": "Sở Y tế Lạng Sơn",
    "figures_as_of": "18h30 ngày 30/10/2026",
    "local_place": "Nhà văn hóa thôn Nà Phạ, xã Hội Hoan",
    "local_hours": "7h30-11h30 và 13h30-17h ngày 30/10",
    "local_contact": "Trạm y tế xã, 0205 3 812 345",
}


class Severity(StrEnum):
    """How much a remark weighs.

    ``WARNING``: look again. ``SENSITIVE``: the steering committee must sign too. ``ERROR``: a
    rule that no signature heals.
    """

    WARNING = "warning"
    SENSITIVE = "sensitive"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Remark:
    """One point of the checklist; ``language`` names the text, or is empty for the campaign."""

    code: str
    severity: Severity
    language: str
    message_vi: str
    message_en: str


_SEVERITIES = {
    "sensitive_words": Severity.SENSITIVE,
    "figures_without_source": Severity.SENSITIVE,
    "link_shortener": Severity.ERROR,
}


def lint(document: CampaignDocument) -> list[Remark]:
    """Go through the approver's checklist (CERC, WHO RCCE; plans of 2020-2021) for *document*.

    Safety instructions are never an error: what is sensitive goes to a second approver.
    """
    remarks = list(_about_campaign(document))
    for language, text in document.texts.items():
        remarks += [_remark(code, language) for code in find_absences(text)]
        remarks += [_remark(code, language, words) for code, words in find_presences(text)]
        if document.figures is None and (figures := _uncredited(text)):
            remarks.append(_remark("figures_without_source", language, figures))
        remarks += _about_length(document, language, text)
    return remarks


def is_sensitive(document: CampaignDocument) -> bool:
    """Whether *document* speaks of something that the steering committee must consent to."""
    return any(remark.severity is Severity.SENSITIVE for remark in lint(document))


def _uncredited(text: str) -> list[str]:
    """Return the figures in *text* that it gives no source for, the slots of figures included."""
    slots = slots_in(text)
    if CREDITS.keys() <= slots:
        return []
    quoted = [f"{{{name}}}" for name in FIGURES if name in slots]
    return [*find_figures(text), *quoted]


def _about_campaign(document: CampaignDocument) -> Iterator[Remark]:
    if document.window.not_after is None and document.window.lasts is None:
        yield _remark("no_expiry", "")
    if "/" not in document.document or not any(sign.isdigit() for sign in document.document):
        yield _remark("document_unclear", "", [document.document])
    languages = document.audience.languages
    unread = [language for language in document.texts if languages and language not in languages]
    if unread:
        yield _remark("text_unread", "", unread)


def _about_length(document: CampaignDocument, language: str, text: str) -> Iterator[Remark]:
    rendered = fill(text, {**SAMPLE_VALUES, "document": document.document})
    chosen = choose(rendered, document.encoding, language=language)
    if chosen.measure.segments > MAX_SEGMENTS:
        yield _remark("too_long", language, [str(chosen.measure.segments)])
    # The words are those of the text itself; what an area's name may be taken for is no fault.
    words = [str(confusion) for confusion in doubtful(without_slots(text))]
    if not chosen.is_accented and words:
        yield _remark("unclear_without_accents", language, words)
    if language != VIETNAMESE:
        saved = measure(unaccent(rendered))
        signs = [sign for sign in chosen.measure.forcing if not sign.isalpha()]
        if saved.encoding == "GSM-7" and saved.segments < chosen.measure.segments and signs:
            yield _remark("costly_signs", language, signs)


def _remark(code: str, language: str, words: list[str] | None = None) -> Remark:
    listed = ", ".join((words or [])[:_MAX_WORDS])
    more = " ..." if words and len(words) > _MAX_WORDS else ""
    vietnamese, english = SENTENCES[code]
    return Remark(
        code,
        _SEVERITIES.get(code, Severity.WARNING),
        language,
        vietnamese.format(words=listed + more),
        english.format(words=listed + more),
    )
