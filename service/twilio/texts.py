"""Texts that come in: who wrote what, read from the form that a carrier posts."""

import re
from collections.abc import Mapping

from hotline.inbound.taking import Incoming
from hotline.inbound_texts import Meaning
from service.twilio.hearing import read_caller, read_sid

INBOUND_PATH = "/twilio/messages/inbound"
# Nothing is answered here: the reply is a row first, and goes the way of every text of ours.
NOTHING_MORE = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
_LONGEST_WORDS = 1600
_OWN_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}").fullmatch
# With Advanced Opt-Out Twilio has understood the word and answered it before we hear of it
# (twilio.com/docs/messaging/tutorials/advanced-opt-out, "OptOutType").
_ANSWERED_BY_CARRIER = {"STOP": Meaning.STOP, "START": Meaning.START, "HELP": Meaning.HELP}


def read_incoming(form: Mapping[str, str]) -> Incoming | None:
    """Return the text in *form*; None where it has no name by which it could be known again."""
    sid = read_sid(form.get("MessageSid") or form.get("SmsSid") or "")
    if not sid:
        return None
    to = form.get("To", "").strip()
    number = read_caller(form)
    return Incoming(
        sid=sid,
        # Whoever writes to us in our own name is ourselves, or nobody.
        number=None if number == to else number,
        to=to if _OWN_NUMBER(to) else "",
        words=_read_words(form.get("Body", "")),
        was_answered=_ANSWERED_BY_CARRIER.get(form.get("OptOutType", "").strip().upper()),
    )


def _read_words(body: str) -> str:
    """Return what was written, without what no database takes."""
    return body.replace("\x00", "").encode(errors="ignore").decode()[:_LONGEST_WORDS]
