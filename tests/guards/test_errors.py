"""The trees of errors that are drawn are the trees that are, and each problem has its own name."""

import importlib
import inspect
import re

import pytest

from service.api import kinds, remedies

BRANCH = re.compile(r"^(?P<indent>[│ ]*)[├└]── (?P<name>\w+)")
STEP = 4


def drawn(docstring: str) -> dict[str, str]:
    """Return each class in the drawing with the one it hangs from."""
    above: list[str] = []
    parents = {}
    for line in docstring.splitlines():
        if branch := BRANCH.match(line):
            depth = len(branch["indent"]) // STEP + 1
            above[depth:] = [branch["name"]]
            parents[branch["name"]] = above[depth - 1]
        elif re.fullmatch(r"\w+Error", line):
            above = [line]
    return parents


MODULES = ["campaigns.errors", "campaigns.partners.errors", "hotline.errors", "service.errors"]


@pytest.mark.parametrize("module", MODULES)
def test_the_drawing_shows_every_error_where_it_belongs(module: str) -> None:
    found = importlib.import_module(module)
    classes = [
        kind
        for _, kind in inspect.getmembers(found, inspect.isclass)
        if kind.__module__ == module and issubclass(kind, Exception)
    ]
    roots = [kind for kind in classes if kind.__bases__[0] not in classes]

    assert len(roots) == 1
    assert drawn(found.__doc__ or "") == {
        kind.__name__: kind.__bases__[0].__name__ for kind in classes if kind not in roots
    }


def test_no_two_problems_have_one_name() -> None:
    """Their names never change; a program that was written for one must not meet the other."""
    own = [one for one in vars(kinds).values() if isinstance(one, kinds.Kind)]
    every = {*own, *remedies._RULES, *remedies.HTTP_PROBLEMS.values(), *remedies.EVERY_KIND}
    assert len({one.slug for one in every}) == len(every)
