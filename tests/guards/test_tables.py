"""Every command finds the tables that its rows point to, whatever else the process has loaded."""

import subprocess
import sys

import pytest

from service.cli.app import COMMANDS

_LOOK = """
import importlib, sys
importlib.import_module(sys.argv[1])
from campaigns.base import Base
for table in Base.metadata.tables.values():
    for key in table.foreign_keys:
        key.column
"""


@pytest.mark.parametrize("module", sorted({module for module, _, _ in COMMANDS.values()}))
def test_a_command_alone_can_write_whatever_it_can_read(module: str) -> None:
    """A command that loads a row's class without those it points to fails when it saves it.

    The tests' own process has loaded every class long ago, so each command gets a fresh one.
    """
    looked = subprocess.run(
        [sys.executable, "-c", _LOOK, module], check=False, capture_output=True, text=True
    )

    assert looked.stderr == ""
    assert looked.returncode == 0
