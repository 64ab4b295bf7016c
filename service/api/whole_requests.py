"""Whole requests: a body is read to its end or refused, never cut off at its limit."""

from typing import IO, cast

from flask import Request
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream


class WholeRequest(Request):
    """A request whose body may come without a declared length."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, within what this address takes; RequestEntityTooLarge for what is longer."""
        given, most = self.environ["wsgi.input"], self.max_content_length
        if self.content_length is not None or most is None:
            return super().stream
        if "wsgi.input_terminated" not in self.environ:
            return super().stream
        return cast("IO[bytes]", _Bounded(given, most, is_max=True))


class _Bounded(LimitedStream):
    """Werkzeug's own returns the beginning of what is too long as if it were all."""

    def readall(self) -> bytes:
        content = super().readall()
        if self.is_exhausted and self._stream.read(1):
            self.on_exhausted()
        return content
