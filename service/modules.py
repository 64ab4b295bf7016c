"""Modules: what a process loads once and keeps until it ends."""

import gc
import importlib
import sys
from types import ModuleType


def load_module(name: str) -> ModuleType:
    """Import the module *name* and leave all that is there by then out of searches for garbage.

    None of it goes before the process does, and looking it through, again and again and once more
    at the end, is a third of what a short command costs.
    """
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()
