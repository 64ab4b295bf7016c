"""Lines: the HTTP on which a telephone of this machine reaches the web."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

from service.errors import TelephoneError, UnreachableError
from service.loopback.telephone import Answer, Ask

# A carrier gives up waiting for our answer after 15 seconds.
_ANSWER_WITHIN_S = 15


@contextmanager
def open_line(public_url: str, web_url: str) -> Iterator[Ask]:
    """Lend a line to the web at *web_url*, which carriers know as *public_url*.

    Signatures are made over the public address, whatever stands between it and the web.
    """
    there = urlsplit(web_url)
    kind = http.client.HTTPSConnection if there.scheme == "https" else http.client.HTTPConnection
    connection = kind(there.hostname or "", there.port, timeout=_ANSWER_WITHIN_S)

    def ask(url: str, form: list[tuple[str, str]] | None, headers: Mapping[str, str]) -> Answer:
        if not url.startswith(f"{public_url}/"):
            raise TelephoneError(
                f"The hotline leads to {url}, which is not under LOA_PUBLIC_URL, {public_url}. A "
                "carrier would reach something else; set the same address for web and telephone."
            )
        path = there.path.rstrip("/") + url.removeprefix(public_url)
        body = None if form is None else urlencode(form)
        kind = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            method = "GET" if form is None else "POST"
            connection.request(method, path, body, {**headers, **kind})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers.get("Content-Type", ""), answer.read())
        except (OSError, http.client.HTTPException) as away:
            connection.close()
            raise UnreachableError(
                f"The web does not answer at {web_url}: {str(away) or type(away).__name__}. "
                "Start it with `loa up` or `loa web`, or name its address with --url."
            ) from None

    try:
        yield ask
    finally:
        connection.close()
