"""Nothing in the repository depends on the machine where it was written."""

import re

import pytest

from tests.guards.sources import ROOT, kept_files

# The brackets keep these patterns from finding themselves.
FORBIDDEN = {
    "a path on somebody's machine": re.compile(r"(?<![\w.])/(?:work|root|home|Users)[/]\w"),
    "a registry's address": re.compile(
        r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|--(?:extra-)?index[-]url|--find[-]links"
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_kept_file_holds_an_address_of_one_machine(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in kept_files()
        if (match := FORBIDDEN[what].search(path.read_bytes().decode("utf-8", "ignore")))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_has_its_hash(name: str) -> None:
    """A package that was exchanged on its way here is refused at installation."""
    lock = (ROOT / name).read_text(encoding="utf-8")
    packages = re.findall(r"^[\w.-]+==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)

    assert len(packages) > 20
    assert [package for package in packages if "--hash=sha256:" not in package] == []
