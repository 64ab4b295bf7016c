"""Every setting is explained, and nothing is explained that is no setting."""

import re

from service.settings import Settings
from tests.guards.sources import ROOT

HEADING = re.compile(r"^### `([A-Z_]+)`$", re.MULTILINE)


def test_the_page_on_settings_explains_exactly_those_that_exist() -> None:
    explained = HEADING.findall((ROOT / "docs" / "SETTINGS.md").read_text(encoding="utf-8"))

    assert sorted(explained) == sorted(str(field.alias) for field in Settings.model_fields.values())
