"""Loading: a set with any fault is refused with its line, and what runs stays."""

import pytest
from sqlalchemy.orm import Session

from campaigns.people import Role
from hotline.answers.versions import approve_answers, approve_waiting, newest_versions
from hotline.editions import find_edition, library_revision
from hotline.errors import ApprovalRefusedError, EditionError, UnknownAnswerError
from hotline.library import load_library
from hotline.loading import load_set, read_set, shipped_files
from hotline.utterances import list_utterances, missing_recordings
from tests.builders import NOON, a_person


def _changed(name: str, old: str, new: str) -> dict[str, str]:
    files = shipped_files()
    assert old in files[name]
    return files | {name: files[name].replace(old, new, 1)}


_TRAP = "{to: trap, label: {vi: a, zh: a, en: a}}"
FAULTS = {
    "a key that leads nowhere": (
        "script.yaml",
        "to: vaccination\n",
        "to: vacination\n",
        "which is no node",
    ),
    "an answer nobody wrote": ("script.yaml", "{answer: V08}", "{answer: V99}", "no answer"),
    "a node nobody reaches": (
        "script.yaml",
        '      "4": {to: welcome, label: {vi: đổi ngôn ngữ, zh: 更换语言, en: another language}}\n',
        '      "4": {to: main, label: {vi: đầu, zh: 主, en: main}}\n  lost: {kind: level}\n',
        "cannot be reached",
    ),
    "a sixth choice": (
        "script.yaml",
        '      "5": {answer: K05}\n',
        '      "5": {answer: K05}\n      "6": {answer: K06}\n',
        "at most 5",
    ),
    "a key that is everybody's": ("script.yaml", '"4": {answer: A01}', '"0": {answer: A01}', ""),
    "a choice without a label": (
        "script.yaml",
        "{to: travel, label: {vi: đi lại, zh: 出行, en: travel}}",
        "{to: travel}",
        "has no label",
    ),
    "a language that is missing": (
        "phrases.yaml",
        '    zh: "系统出现故障，请几分钟后再拨。如有生命危险，请拨打115。"\n',
        "",
        "required",
    ),
    "a slot nobody fills": ("phrases.yaml", "{reference}", "{number}", "slots"),
    "a phrase that is missing": ("phrases.yaml", "  never_ask:\n", "  never_asked:\n", "never_ask"),
    "an end before the beginning": (
        "answers/declarations.yaml",
        "until: 2022-04-30T00:00+07:00",
        "until: 2019-04-30T00:00+07:00",
        "ends before it begins",
    ),
    "a moment without its hour's offset": (
        "answers/vaccination.yaml",
        "2021-02-26T00:00+07:00",
        "2021-02-26T00:00",
        "timezone",
    ),
    "a successor that does not exist": (
        "answers/declarations.yaml",
        "successor: K08",
        "successor: K99",
        "no answer",
    ),
    "an answer that takes too long": (
        "answers/support.yaml",
        "để gặp người trực.",
        "để gặp người trực. " * 30,
        "s to say in vi",
    ),
    "a desk that does not exist": (
        "desks.yaml",
        "overflow: general",
        "overflow: nobody",
        "no desk",
    ),
    "a menu's desk that does not exist": (
        "script.yaml",
        "desk: health",
        "desk: nobody",
        "no desk",
    ),
    "a consent to another retention": (
        "declaration.yaml",
        "retention_days: 30",
        "retention_days: 90",
        "90 days in vi",
    ),
    "a slot the measures do not have": (
        "measures.yaml",
        "{table} NQ 128",
        "{tables} NQ 128",
        "only the names",
    ),
    "a format that would fail on the phone": (
        "phrases.yaml",
        "{level}",
        "{level:d}",
        "nothing else in braces",
    ),
    "a menu that leads only to itself": (
        "script.yaml",
        '  declarations:\n    kind: menu\n    choices:\n      "1": {answer: K08}\n',
        (
            f'  trap: {{kind: menu, choices: {{"1": {_TRAP}}}}}\n'
            f'  declarations:\n    kind: menu\n    choices:\n      "1": {_TRAP}\n'
        ),
        "leads only to itself",
    ),
    "hours that end before they begin": ("desks.yaml", '"07:30-11:30"', '"11:30-07:30"', ""),
    "a level the scheme does not have": ("measures.yaml", '      "4":', '      "9":', "no level 9"),
    "an answer that two files give": (
        "answers/vaccination.yaml",
        "  V14:",
        "  K01:",
        "stands in answers/declarations.yaml too",
    ),
    "a question that takes too long": (
        "declaration.yaml",
        "Có sốt không?",
        "Có sốt không? " * 30,
        "s to say in vi",
    ),
    "measures that take too long": (
        "measures.yaml",
        "Tụ tập",
        "Tụ tập đông người nơi công cộng " * 15,
        "s to say in vi",
    ),
    "a field nobody reads": ("script.yaml", "start: welcome", "begin: welcome", "begin"),
    "a tab": ("script.yaml", "  main:\n", "\tmain:\n", "tab"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_set_is_refused_with_file_line_and_reason(fault: str) -> None:
    """Each rule has its refusal, and the refusal says where."""
    name, old, new, reason = FAULTS[fault]
    with pytest.raises(EditionError) as refused:
        read_set(_changed(name, old, new))
    assert [one.line for file, one in refused.value.complaints if file == name and one.line]
    assert reason.lower() in str(refused.value).lower()


def test_what_belongs_to_no_set_and_what_is_missing_are_named() -> None:
    """A clerk who copies the wrong directory is told so."""
    files = shipped_files() | {"notes.yaml": "a: b"}
    del files["desks.yaml"]
    with pytest.raises(EditionError) as refused:
        read_set(files)
    assert {file for file, _ in refused.value.complaints} == {"notes.yaml", "desks.yaml"}


def test_the_shipped_set_is_spoken_only_after_others_approved_it(session: Session) -> None:
    """Medical answers wait for the health department, the rest for the content approver."""
    a_person(session, "author", Role.AUTHOR, Role.HEALTH_DATA_OWNER)
    health = a_person(session, "health", Role.HEALTH_DATA_OWNER, agency="Sở Y tế")
    content = a_person(session, "content", Role.CONTENT_APPROVER)
    loaded = load_set(session, read_set(shipped_files()), author="author", now=NOON)
    assert loaded.answers == len(newest_versions(session))
    before = load_library(session)
    assert before is not None
    assert before.find_answer("V01", at=NOON) is None
    by_health = approve_waiting(session, health, now=NOON)
    by_content = approve_waiting(session, content, now=NOON)
    assert {version.code for version in by_content} & {"A01", "nq128-3"}
    assert len(by_health) + len(by_content) == loaded.answers
    after = load_library(session)
    assert after is not None
    found = after.find_answer("V01", at=NOON)
    assert found is not None
    assert "miễn phí" in found.document.spoken.vi


def test_nobody_approves_what_they_wrote_or_what_is_not_theirs(session: Session) -> None:
    """Four eyes, and the right ones."""
    author = a_person(session, "author", Role.HEALTH_DATA_OWNER)
    content = a_person(session, "content", Role.CONTENT_APPROVER)
    load_set(session, read_set(shipped_files()), author="author", now=NOON)
    with pytest.raises(ApprovalRefusedError, match="wrote"):
        approve_answers(session, ["V01"], person=author, now=NOON)
    with pytest.raises(ApprovalRefusedError, match="health_data_owner"):
        approve_answers(session, ["V01"], person=content, now=NOON)
    with pytest.raises(UnknownAnswerError):
        approve_answers(session, ["A01", "V99"], person=content, now=NOON)


def test_a_changed_answer_becomes_a_version_and_the_approved_one_goes_on(session: Session) -> None:
    """A new wording is spoken only once it is approved; the same files again change nothing."""
    health = a_person(session, "health", Role.HEALTH_DATA_OWNER)
    load_set(session, read_set(shipped_files()), author="author", now=NOON)
    approve_waiting(session, health, now=NOON)
    revision = library_revision(session)
    again = load_set(session, read_set(shipped_files()), author="author", now=NOON)
    assert again.answers == 0
    assert library_revision(session) == revision
    changed = _changed(
        "answers/vaccination.yaml", "Không. Vắc xin phòng", "Hoàn toàn không. Vắc xin phòng"
    )
    loaded = load_set(session, read_set(changed), author="author", now=NOON)
    assert loaded.answers == 1
    library = load_library(session)
    assert library is not None
    found = library.find_answer("V01", at=NOON)
    assert found is not None
    assert found.version == 1
    approve_waiting(session, health, now=NOON)
    library = load_library(session)
    assert library is not None
    found = library.find_answer("V01", at=NOON)
    assert found is not None
    assert found.version == 2


def test_a_refused_set_leaves_the_running_edition(session: Session) -> None:
    """The phone goes on saying what it said."""
    load_set(session, read_set(shipped_files()), author="author", now=NOON)
    edition = find_edition(session)
    with pytest.raises(EditionError):
        load_set(session, read_set({"script.yaml": "a"}), author="author", now=NOON)
    assert find_edition(session) is edition


def test_everything_fixed_can_be_recorded_and_is_missing_until_then(session: Session) -> None:
    """The list for the recording studio names each utterance once, with its Vietnamese text."""
    health = a_person(session, "health", Role.HEALTH_DATA_OWNER)
    load_set(session, read_set(shipped_files()), author="author", now=NOON)
    approve_waiting(session, health, now=NOON)
    library = load_library(session)
    assert library is not None
    every = list_utterances(library, at=NOON)
    names = [one.name for one in every]
    assert len(names) == len(set(names))
    assert {"phrase.goodbye", "node.main.1", "node.welcome.2", "answer:V01"} <= set(names)
    assert "phrase.level_known" not in names
    assert missing_recordings(library, "tyz", at=NOON) == every
