"""The repository's own files, as guards look at them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("campaigns", "hotline", "workers", "service")
ALL = (*PRODUCT, "tests", "benchmarks")
_NOT_OURS = {"var", "build", "dist", "node_modules"}


@dataclass(frozen=True)
class Source:
    """One Python file: where it is and what it says."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def is_test(self) -> bool:
        return self.name.startswith("tests/")

    @property
    def is_migration(self) -> bool:
        return self.name.startswith("service/migrations/versions/")


def sources(*packages: str) -> list[Source]:
    """Return every Python file of *packages* that says anything."""
    found = [Source(path) for package in packages for path in (ROOT / package).rglob("*.py")]
    assert found
    return [source for source in found if source.text.strip()]


def calls(source: Source) -> Iterator[str]:
    """Yield the dotted name of everything that *source* calls, such as ``session.commit``."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def kept_files() -> Iterator[Path]:
    """Yield every file that belongs to the repository rather than to this machine."""
    for path in sorted(ROOT.iterdir()):
        name = path.name
        if name in _NOT_OURS or name.endswith(".egg-info") or name == ".env":
            continue
        if path.is_file():
            yield path
        elif not name.startswith(".") or name == ".ci":
            yield from (
                file
                for file in sorted(path.rglob("*"))
                if file.is_file() and "__pycache__" not in file.parts
            )
