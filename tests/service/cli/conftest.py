"""An installation with a small province, a few people, and a clerk who works in it."""

from pathlib import Path

import pytest

from tests.campaigns.subscribers.lists import a_list
from tests.service.cli.clerk import Clerk, a_small_province


@pytest.fixture
def clerk(fresh_database: str, data_dir: Path) -> Clerk:
    """A clerk whose database has areas and nobody in them."""
    a_small_province(fresh_database)
    return Clerk(fresh_database, data_dir)


@pytest.fixture
def busy_clerk(clerk: Clerk, tmp_path: Path) -> Clerk:
    """A clerk with three subscribers and the people who write, sign and send."""
    people = a_list(tmp_path, "0912345678,06196", "0968123456,06196", "0934567890,06184")
    clerk.answer("subscribers", "import", people)
    for login, agency, role in (
        ("tacgia", "Sở KH&CN", "author"),
        ("duyet", "Ban Tuyên giáo", "content_approver"),
        ("gui", "Sở KH&CN", "sender"),
    ):
        clerk.answer("users", "add", login, "--agency", agency, "--role", role)
    return clerk
