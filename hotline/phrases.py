"""Phrases: what every call may have to say, whatever the script, by name and language."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from hotline.documents import Document, Name, Wording, plain_slots

# Every phrase that the calls use, with the slots it may name.
PHRASES: Mapping[str, frozenset[str]] = {
    name: frozenset(slots.split())
    for name, slots in {
        "choice": "key label",
        "silence": "",
        "wrong_key": "",
        "not_understood": "",
        "after_answer": "",
        "sms_offer": "",
        "sms_sent": "",
        "sms_limit": "",
        "sms_withheld": "",
        "danger_first": "",
        "answer_ended": "",
        "apology_recording": "",
        "resume_offer": "",
        "level_known": "area level colour from document",
        "level_unknown": "area",
        "level_announced": "area level colour from document",
        "level_other_commune": "",
        "level_measures_missing": "",
        "level_measures_offer": "",
        "level_more_offer": "",
        "ask_commune": "",
        "commune_which": "",
        "commune_none": "",
        "commune_many": "",
        "person_connecting": "",
        "person_closed": "opens",
        "person_busy": "",
        "voicemail_ask": "",
        "callback_kept": "reference",
        "report_where": "",
        "report_where_kept": "area",
        "commune_confirm": "area",
        "phone_confirm": "",
        "voicemail_kept": "reference",
        "voicemail_ask_withheld": "",
        "voicemail_kept_withheld": "reference",
        "voicemail_empty": "",
        "report_ask": "",
        "report_kept": "reference",
        "report_sms": "reference",
        "stop_confirm": "",
        "stop_done": "",
        "stop_kept": "",
        "stop_withheld": "",
        "declaration_consent": "",
        "declaration_pledge": "",
        "declaration_danger": "",
        "declaration_next_person": "",
        "declaration_done": "reference",
        "declaration_sms": "reference",
        "declaration_off": "",
        "declaration_withheld": "",
        "too_long": "",
        "goodbye": "",
        "fault": "",
        "never_ask": "",
    }.items()
}


def _check(phrases: dict[str, Wording]) -> dict[str, Wording]:
    if missing := sorted(PHRASES.keys() - phrases.keys()):
        raise ValueError(f"phrases are missing: {', '.join(missing)}")
    if unknown := sorted(phrases.keys() - PHRASES.keys()):
        raise ValueError(f"no call says these phrases: {', '.join(unknown)}")
    for name, wording in phrases.items():
        if not names_slots(name, wording):
            raise ValueError(
                f"{name} must name, in every language, exactly the slots "
                f"{', '.join(sorted(PHRASES[name])) or 'none'}, and nothing else in braces"
            )
    return phrases


def names_slots(name: str, wording: Wording) -> bool:
    """Whether *wording* names the slots of the phrase *name* in every language, and no other."""
    return all(plain_slots(text) == PHRASES[name] for text in wording.model_dump().values())


class Phrases(Document):
    """The file of phrases: each of them there, in each language, with exactly its slots."""

    phrases: Annotated[dict[Name, Wording], Field(max_length=200), AfterValidator(_check)]


class KeptPhrases(Document):
    """Phrases as some version kept them: others may be there, and other slots in them."""

    phrases: Annotated[dict[Name, Wording], Field(max_length=200)]
