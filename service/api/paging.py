"""Pages: long lists in pieces, each with a cursor to the next that no new row can shift."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from service.api.given import Given
from service.api.kinds import INVALID
from service.api.refusals import Refusal, RefusedError

Row = TypeVar("Row")
USUAL = 50
MOST = 200


class PageQuery(Given):
    """Which piece of a list: after which cursor, and how many rows at most."""

    after: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=MOST)] = USUAL


def page(
    found: Sequence[Row],
    limit: int,
    *,
    key: Callable[[Row], int | str],
    write: Callable[[Row], object],
) -> dict[str, object]:
    """Return *limit* of the rows *found*, and the cursor of the next page where there is one more.

    *key* is by which the list goes on after a row; ask the database for one row more than *limit*.
    """
    shown = found[:limit]
    more = cursor_of(key(shown[-1])) if len(found) > len(shown) else None
    return {"items": [write(one) for one in shown], "next": more}


def cursor_of(key: int | str) -> str:
    """Return the cursor that stands for the row with this *key*."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def number_in(cursor: str) -> int | None:
    """Return the number of the row that *cursor* stands for; None for the beginning.

    Raises RefusedError for what is no cursor.
    """
    text = text_in(cursor)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004 - a bigint
        raise RefusedError(Refusal(INVALID, "`after` is no cursor of this list."))
    return int(text)


def text_in(cursor: str) -> str:
    """Return the key that *cursor* stands for, as text."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        text = "\x00"
    if "\x00" in text:
        raise RefusedError(Refusal(INVALID, "`after` is no cursor of this list."))
    return text
