"""Tables: the small CSV files that administrators write, read with one kind of complaint."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

from campaigns.errors import CampaignError

# The number of a line as an editor shows it, blank lines counted, and its cells by column.
NumberedRow = tuple[int, dict[str, str]]


def read_table(
    path: Path | Traversable,
    *,
    columns: Sequence[str],
    optional: int,
    refuse: Callable[[str], CampaignError],
) -> Iterator[NumberedRow]:
    """Yield the lines of the UTF-8 CSV at *path*, each with its number in the file and its cells.

    The last *optional* columns may be missing. Raises what *refuse* makes of a sentence when the
    file is no such table.
    """
    required = columns[: len(columns) - optional]
    try:
        with path.open(encoding="utf-8-sig") as file:
            reader = csv.DictReader(_without_zeros(file), strict=True)
            missing = [column for column in required if column not in (reader.fieldnames or ())]
            if missing:
                raise refuse(
                    f"{path.name} has no column {', '.join(missing)}. Nothing was loaded. "
                    f"Such a file begins with {','.join(columns)}, of which the last "
                    f"{optional} may be left out."
                )
            for row in reader:
                yield reader.line_num, row
    except (csv.Error, ValueError):
        raise refuse(
            f"{path.name} is not a table in CSV and UTF-8. Nothing was loaded. "
            "Save it from the spreadsheet as 'CSV UTF-8'."
        ) from None


def _without_zeros(lines: Iterable[str]) -> Iterator[str]:
    # A spreadsheet's own format is full of them, and PostgreSQL keeps none.
    for line in lines:
        if "\0" in line:
            raise ValueError("a zero character")
        yield line
