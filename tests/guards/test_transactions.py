"""The caller owns the transaction: the domain takes a session and never ends one."""

import pytest

from tests.guards.sources import calls, sources

ENDINGS = {"commit", "rollback", "begin"}


@pytest.mark.parametrize("package", ["campaigns", "hotline"])
def test_the_domain_ends_no_transaction(package: str) -> None:
    """A rule and the rows it protects are kept or undone together, by whoever asked."""
    found = [
        f"{source.name}: {call}"
        for source in sources(package)
        for call in calls(source)
        if call.rpartition(".")[2] in ENDINGS
    ]
    assert found == []
