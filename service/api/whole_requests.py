"""Whole requests: a body is read to its end or refused, never cut off at its limit."""

from typing import IO, Any, cast

import orjson
from flask import Request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import UnsupportedMediaType
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

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: FBT001, FBT002 - as Werkzeug's
        """Read the body as JSON; UnsupportedMediaType where it says that it is something else.

        Without a type it may be examined (RFC 9110 section 8.3); with one, it is believed.
        """
        if self.mimetype and not self.is_json:
            raise UnsupportedMediaType
        return super().get_json(force=force, silent=silent, cache=cache)


class _Bounded(LimitedStream):
    """Werkzeug's own returns the beginning of what is too long as if it were all."""

    def readall(self) -> bytes:
        content = super().readall()
        if self.is_exhausted and self._stream.read(1):
            self.on_exhausted()
        return content


class ReadingJson(DefaultJSONProvider):
    """JSON as Flask writes it; what is read may be nested as deeply as anybody likes."""

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read *s*, or raise ValueError; Python's own reader overflows the stack on brackets."""
        return orjson.loads(s)
