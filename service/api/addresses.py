"""Addresses: what Flask keeps of each place where it answers."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class Address(Rule):
    """An address that learns how it is written only when somebody asks for that.

    Werkzeug compiles two functions for writing each, which is nine tenths of the time in which an
    application is built; ours are matched, and hardly ever written.
    """

    def _compile_builder(
        self,
        append_unknown: bool = True,  # noqa: FBT001, FBT002 - as Werkzeug calls it
    ) -> Callable[..., tuple[str, str]]:
        def write(_address: Rule, **values: Any) -> tuple[str, str]:
            write_now = super(Address, self)._compile_builder(append_unknown)
            return write_now(self, **values)

        return write
