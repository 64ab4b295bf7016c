"""Every command finds the tables that its rows point to, whatever else the process has loaded."""

import subprocess
import sys

from service.cli.app import COMMANDS

# Libraries are loaded once, by the process of which each command's is a copy; nothing of ours is.
_LOOK = """
import importlib, os, sys, traceback
import flask, psycopg, pydantic_settings, redis, rich.progress, rich.table, sqlalchemy.orm

def look(module):
    importlib.import_module(module)
    from campaigns.base import Base
    for table in Base.metadata.tables.values():
        for key in table.foreign_keys:
            key.column

for module in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            look(module)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(module)
"""


def test_a_command_alone_can_write_whatever_it_can_read() -> None:
    """A command that loads a row's class without those it points to fails when it saves it.

    The tests' own process has loaded every class long ago, so each command gets a fresh one.
    """
    modules = sorted({module for module, _, _ in COMMANDS.values()})

    looked = subprocess.run(
        [sys.executable, "-c", _LOOK, *modules], check=False, capture_output=True, text=True
    )

    assert looked.stderr == ""
    assert looked.stdout == ""
    assert looked.returncode == 0
