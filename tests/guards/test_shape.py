"""Files and functions stay small enough to be read in one go."""

import ast

import pytest

from tests.guards.sources import ALL, PRODUCT, Source, sources

LONGEST_FILE = 300
LONGEST_TEST_FILE = 500
LONGEST_FUNCTION = 45


@pytest.mark.parametrize("package", ALL)
def test_no_file_is_too_long(package: str) -> None:
    def limit(source: Source) -> int:
        return LONGEST_TEST_FILE if source.is_test else LONGEST_FILE

    too_long = {
        source.name: lines
        for source in sources(package)
        if (lines := source.text.count("\n")) > limit(source) and not source.is_migration
    }
    assert too_long == {}


@pytest.mark.parametrize("package", PRODUCT)
def test_no_function_is_too_long(package: str) -> None:
    too_long = {
        f"{source.name}:{node.lineno} {node.name}": length
        for source in sources(package)
        if not source.is_migration
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert too_long == {}


@pytest.mark.parametrize("package", ALL)
def test_every_module_says_in_one_line_what_lives_there(package: str) -> None:
    def opening(source: Source) -> str:
        return (ast.get_docstring(source.tree) or "").partition("\n")[0]

    silent = [source.name for source in sources(package) if not opening(source).endswith(".")]
    assert silent == []
