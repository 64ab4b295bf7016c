"""Builders for the hotline: a small library, and a caller who presses keys."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count

from sqlalchemy.orm import Session

from campaigns.sealing import Sealer
from hotline.answers.bank import AnswerBank, Approved
from hotline.answers.document import AnswerDocument, Validity
from hotline.calls.heard import SILENCE, Heard, HeardKind, heard_keys, heard_words
from hotline.calls.keeping import find_latest
from hotline.calls.turns import Answer, begin_call, end_call, keep, repeat, think
from hotline.declarations.document import DeclarationDocument, Question
from hotline.desks import WEEKDAYS, Desk, DeskLine, Desks
from hotline.documents import Wording, read_document
from hotline.library import Library
from hotline.phrases import PHRASES, Phrases
from hotline.scripts.document import Script
from hotline.steps import Ending
from tests.builders import NOON, a_phone

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_sid = count(1)

SCRIPT = """
script: thu
title: Tổng đài thử
start: welcome
home: main
nodes:
  welcome:
    kind: language
    prompt: {vi: "Xin chào. Nguy hiểm gọi 115."}
    next: main
    choices:
      "1": {language: vi, label: {vi: "Tiếng Việt"}}
      "2": {language: tyz, label: {vi: "Tiếng Tày, tiếng Nùng"}}
      "9": {language: en, label: {vi: "English", en: "English"}}
  main:
    kind: menu
    choices:
      "1":
        to: vaccination
        label: {vi: tiêm chủng, zh: 疫苗, en: vaccination}
        hints: {vi: [tiêm chủng, vắc xin]}
      "2": {to: declare, label: {vi: khai báo y tế, zh: 申报, en: declaration}}
      "3": {to: my-level, label: {vi: cấp độ dịch, zh: 等级, en: levels}, hints: {vi: [cấp độ]}}
      "4": {to: rumour, label: {vi: báo tin sai, zh: 谣言, en: rumours}}
      "5": {to: stop, label: {vi: ngừng nhận tin, zh: 停止短信, en: stop texts}}
  vaccination:
    kind: menu
    choices:
      "1": {answer: Tien}
      "2": {answer: Nguy}
      "3": {answer: Khai}
  declare: {kind: declaration}
  my-level: {kind: level}
  rumour: {kind: report, category: rumour}
  stop: {kind: opt_out}
"""


def a_wording(text: str) -> Wording:
    return Wording(vi=text, zh=f"{text} (zh)", en=f"{text} (en)")


def an_answer(
    code: str,
    *,
    text: str = "",
    since: datetime = LONG_AGO,
    until: datetime | None = None,
    successor: str | None = None,
    is_danger: bool = False,
    version: int = 1,
    approved_at: datetime = LONG_AGO,
) -> Approved:
    wording = a_wording(text or f"câu trả lời {code}")
    document = AnswerDocument(
        title=a_wording(f"câu hỏi {code}"),
        question=f"câu hỏi {code}",
        source="Tài liệu thử",
        is_danger=is_danger,
        valid=Validity.model_validate({"from": since, "until": until}),
        successor=successor,
        spoken=wording,
    )
    return Approved(code, version, "vaccination", "Sở Y tế", approved_at, document)


def a_bank(answers: Iterable[Approved]) -> AnswerBank:
    versions: dict[str, tuple[Approved, ...]] = {}
    for answer in answers:
        versions[answer.code] = (*versions.get(answer.code, ()), answer)
    return AnswerBank(versions)


def a_desk(*numbers: str, is_danger: bool = False, overflow: str | None = None) -> Desk:
    return Desk(
        title=a_wording("bàn trực"),
        is_danger=is_danger,
        hours=dict.fromkeys(WEEKDAYS, ("08:00-17:00",)),
        lines=(DeskLine(numbers=numbers or ("+84205000001",)),),
        overflow=overflow,
    )


def a_library(
    *answers: Approved,
    script: str = SCRIPT,
    recordings: Mapping[tuple[str, str], tuple[str, str]] | None = None,
    declaration: DeclarationDocument | None = None,
    desks: Desks | None = None,
) -> Library:
    """Return a library whose phrases are their own names, so that a test can look for them."""
    phrases = {
        name: a_wording(" ".join([f"~{name}~", *(f"{{{slot}}}" for slot in sorted(slots))]))
        for name, slots in PHRASES.items()
    }
    bank = answers or (
        an_answer("Tien"),
        an_answer("Nguy", is_danger=True),
        an_answer("nq128-3", text="biện pháp mức ba"),
    )
    question = Question(id="fever", kind="yes_no", prompt=a_wording("Có sốt không?"))
    return Library(
        revision=1,
        script=read_document(script, Script),
        phrases=Phrases(phrases=phrases),
        answers=a_bank(bank),
        desks=desks or Desks(desks={"general": a_desk(), "health": a_desk(is_danger=True)}),
        declaration=declaration or DeclarationDocument(questions=(question,)),
        recordings=recordings or {},
    )


class CallerOnTheLine:
    """Somebody who rings, listens and presses keys; time passes only when told."""

    def __init__(
        self,
        session: Session,
        library: Library,
        sealer: Sealer,
        *,
        number: str | None = None,
        now: datetime = NOON,
        is_withheld: bool = False,
    ) -> None:
        self.session, self.library, self.sealer = session, library, sealer
        self.number = None if is_withheld else number or a_phone()
        self.now = now
        self.sid = f"CA{next(_sid):032x}"
        self.turn, self.reply = begin_call(
            session, library, sid=self.sid, caller=self.number, sealer=sealer, now=now
        )

    @property
    def hears(self) -> str:
        return " | ".join(one.text or f"[{one.recording}]" for one in self.reply.spoken)

    @property
    def ending(self) -> Ending:
        return self.reply.ending

    def press(self, keys: str) -> str:
        for key in keys:
            self.send(heard_keys(key))
        return self.hears

    def key_in(self, keys: str) -> str:
        """Key in several digits as one entry."""
        return self.send(heard_keys(keys))

    def say(self, words: str) -> str:
        return self.send(heard_words(words))

    def stay_silent(self) -> str:
        return self.send(SILENCE)

    def leave_message(self, *, seconds: int = 9, sid: str = "") -> str:
        voice_sid = sid or f"RE{self.sid[2:]}"
        return self.send(Heard(HeardKind.VOICE, voice_sid=voice_sid, seconds=seconds))

    def be_transferred(self, *, was_answered: bool, seconds: int = 0) -> str:
        return self.send(Heard(HeardKind.TRANSFERRED, was_answered=was_answered, seconds=seconds))

    def send(self, heard: Heard, *, turn: int | None = None) -> str:
        number = self.turn + 1 if turn is None else turn
        self.turn, self.reply = self._take(heard, number)
        return self.hears

    def _take(self, heard: Heard, number: int) -> Answer:
        latest = find_latest(self.session, [self.sid])[self.sid]
        known = repeat(self.session, latest, number)
        if known is not None:
            return known
        taken = think(
            self.session, self.library, latest, heard=heard, sealer=self.sealer, now=self.now
        )
        keep(self.session, taken)
        return taken.answer

    def hang_up(self) -> None:
        end_call(self.session, sid=self.sid, now=self.now)
