"""Manners: the headers that every answer carries, and gzip for whoever asks for it."""

import gzip

from flask import Flask, Response, request

# What is shorter gains nothing; an answer that a page of a list is made of shrinks to a tenth.
_WORTH_BYTES = 1024
_LEVEL = 5
# OWASP REST Security Cheat Sheet, "Security Headers": nothing of this is a page that may load,
# frame or be framed. No Access-Control header is sent, so no other site's page may read it.
_STRICT = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_YEAR_S = 31_536_000


def keep_manners(app: Flask, *, is_https: bool) -> None:
    """Have *app* answer with strict headers, and compressed where that is asked for.

    *is_https*: whether people reach it so; browsers are then told to never try without.
    """
    headers = _STRICT | (
        {"Strict-Transport-Security": f"max-age={_YEAR_S}; includeSubDomains"} if is_https else {}
    )

    @app.after_request
    def finish(answer: Response) -> Response:
        said = {name.lower() for name, _ in answer.headers}
        answer.headers.extend(
            {name: value for name, value in headers.items() if name.lower() not in said}
        )
        return _compress(answer)


def _compress(answer: Response) -> Response:
    """Compress a complete answer; one with an ETag stays byte for byte what the tag stands for."""
    if answer.is_streamed or "ETag" in answer.headers or "Content-Encoding" in answer.headers:
        return answer
    if not (answer.mimetype or "").startswith(("application/", "text/")):
        return answer
    answer.vary.add("Accept-Encoding")
    content = answer.get_data()
    if len(content) < _WORTH_BYTES or not request.accept_encodings["gzip"]:
        return answer
    answer.set_data(gzip.compress(content, _LEVEL, mtime=0))
    answer.headers["Content-Encoding"] = "gzip"
    return answer
