"""The sample province and campaign of the demonstration: real commands on made-up people."""

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources as package_files
from pathlib import Path

from campaigns.areas import list_areas
from campaigns.broadcasts.launching import launch
from campaigns.definitions.document import CampaignDocument
from campaigns.definitions.reading import read_campaign
from campaigns.levels import load_level_path
from campaigns.local_time import ZONE, local_day
from campaigns.people import Role, add_person, get_person
from campaigns.plans.approvals import sign_plan, submit_plan
from campaigns.plans.planning import Terms, draft_plan
from hotline.answers.versions import approve_waiting
from hotline.loading import load_set, read_set, shipped_files
from service.lists import import_list
from service.placeholders import add_placeholders
from service.planning import ask_for_sending
from service.resources import Resources, open_queue

DIRECTORY = "demo"
CAMPAIGN = package_files.files("campaigns") / "data" / "demo" / "campaign.yaml"
_SEED = 20
_PREFIXES = ("86", "96", "97", "98", "32", "35", "39", "91", "94", "83", "88", "90", "93", "70")
_LEVELS = (1, 2, 3, 4)
_LEVEL_SHARES = (70, 18, 8, 4)
_LANGUAGES = ("vi", "en", "zh")
_LANGUAGE_SHARES = (96, 1, 3)
_SLIPS = ("0205 3812 345", "1022", "1800 1119", "098 123", "không có")
_PEOPLE = (
    ("tacgia", "Ban biên tập", "Sở Khoa học và Công nghệ", Role.AUTHOR),
    ("tuyengiao", "Lãnh đạo duyệt nội dung", "Ban Tuyên giáo và Dân vận", Role.CONTENT_APPROVER),
    ("vienthong", "Phòng Viễn thông", "Sở Khoa học và Công nghệ", Role.SENDER),
)
_HEALTH = ("yte", "Phòng Nghiệp vụ Y", "Sở Y tế", Role.HEALTH_DATA_OWNER)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """The campaign to send, and the terms it is planned on."""

    document: CampaignDocument
    terms: Terms


def prepare_sample(resources: Resources, subscribers: int, *, say: Say) -> Sample:
    """Load levels, import made-up people from a file as a clerk types it, add those who sign."""
    now = resources.now()
    directory = resources.settings.data_dir
    with resources.sessions.begin() as session:
        codes = [area.code for area in list_areas(session, on=local_day(now)) if area.parent_code]
    levels = write_levels(directory / "levels.csv", codes, now=now)
    people = write_subscribers(directory / "subscribers.csv", codes, count=subscribers)
    with resources.sessions.begin() as session:
        load_level_path(session, levels, now=now)
        for login, name, agency, role in (*_PEOPLE, _HEALTH):
            add_person(session, login, name=name, agency=agency, roles=[role], now=now)
    say(f"  {len(codes)} communes, each with its level ({levels.name})")
    prepare_hotline(resources, say=say)
    _import(resources, people, say=say)
    settings = resources.settings
    return Sample(
        read_campaign(CAMPAIGN.read_text(encoding="utf-8"), name="campaign.yaml"),
        Terms(settings.lanes, settings.hotline_number, settings.segment_price_vnd),
    )


def prepare_hotline(resources: Resources, *, say: Say) -> None:
    """Load the hotline's shipped files and have them approved by the two who must."""
    now = resources.now()
    with resources.sessions.begin() as session:
        loaded = load_set(session, read_set(shipped_files()), author=_PEOPLE[0][0], now=now)
        approved = 0
        for login in (_PEOPLE[1][0], _HEALTH[0]):
            approved += len(approve_waiting(session, get_person(session, login), now=now))
    say(f"  a hotline with {loaded.answers} answers, {approved} approved for this demonstration")
    say(f"  {add_placeholders(resources)}")


def send_sample(resources: Resources, sample: Sample, *, say: Say) -> int:
    """Plan, submit, sign as two people of two agencies, and launch; return the broadcast's id."""
    now = resources.now()
    with resources.sessions.begin() as session:
        draft = draft_plan(session, sample.document, terms=sample.terms, now=now)
        plan = submit_plan(session, draft, author=_PEOPLE[0][0], revise=False, now=now)
        say(
            f"  plan {plan.id}: {plan.recipients:,} people, {draft.costs.segments:,} segments, "
            f"digest {plan.digest[:16]}..."
        )
        for login, *_ in _PEOPLE[1:]:
            signature = sign_plan(session, plan, get_person(session, login), now=now)
            say(f"  signed by {login} ({signature.agency})")
    with open_queue(resources.settings) as redis:
        with resources.sessions.begin() as session:
            session.add(plan)
            launched = launch(session, plan, terms=sample.terms, now=resources.now())
        ask_for_sending(redis, launched)
    broadcast = launched.broadcast
    say(f"  broadcast {broadcast.id} has begun: {sample.document.title}")
    return broadcast.id


def write_levels(path: Path, codes: list[str], *, now: datetime) -> Path:
    """Write a file of level decisions, the same for the same communes."""
    chance = random.Random(_SEED)  # noqa: S311 - sample data, not a secret
    since = (now - timedelta(days=1)).astimezone(ZONE).replace(hour=0, minute=0, second=0)
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["area", "level", "from", "document"])
        for code in codes:
            level = chance.choices(_LEVELS, _LEVEL_SHARES)[0]
            lines.writerow([code, level, since.isoformat(timespec="minutes"), "1825/QĐ-UBND"])
    return path


def write_subscribers(path: Path, codes: list[str], *, count: int) -> Path:
    """Write *count* made-up people, and a few slips of the pen, as a commune's clerk would."""
    chance = random.Random(_SEED)  # noqa: S311 - sample data, not a secret
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["Số điện thoại", "Mã xã", "Ngôn ngữ", "Nguồn"])
        for index in range(count):
            language = chance.choices(_LANGUAGES, _LANGUAGE_SHARES)[0]
            lines.writerow([_as_typed(index), chance.choice(codes), language, "sổ hộ khẩu xã"])
        for slip in _SLIPS:
            lines.writerow([slip, codes[0], "vi", "sổ hộ khẩu xã"])
    return path


def _as_typed(index: int) -> str:
    """Write the *index*-th made-up number in one of the ways people write numbers."""
    prefix = _PREFIXES[index % len(_PREFIXES)]
    rest = f"{index // len(_PREFIXES):07d}"
    forms = (
        f"0{prefix}{rest}",
        f"+84{prefix}{rest}",
        f"0{prefix} {rest[:3]} {rest[3:]}",
        f"84{prefix}{rest}",
        f"0{prefix}.{rest[:3]}.{rest[3:]}",
    )
    return forms[index % len(forms)]


def _import(resources: Resources, path: Path, *, say: Say) -> None:
    imported = import_list(resources.sessions, path, sealer=resources.sealer, now=resources.now())
    refused = sum(imported.outcome.rows_rejected.values())
    say(
        f"  {imported.outcome.merged.entered:,} people imported from {path.name}, "
        f"{refused} rows refused with a reason"
    )
