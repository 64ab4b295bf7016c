"""Script files: a directory of the hotline's files read from disk, within bounds."""

from pathlib import Path

from campaigns.complaints import Complaint
from hotline.documents import LARGEST_FILE
from hotline.errors import EditionError

_MOST_FILES = 60
_SUFFIXES = frozenset({".yaml", ".yml"})


def read_files(directory: Path) -> dict[str, str]:
    """Return the YAML files of *directory* and its ``answers`` by name.

    Raises EditionError for files that are too many, too large or not in UTF-8, and OSError.
    """
    paths = sorted(path for path in directory.rglob("*") if path.suffix in _SUFFIXES)
    if len(paths) > _MOST_FILES:
        complaint = Complaint(0, "directory", f"holds {len(paths)} files", "Is it the right one?")
        raise EditionError([(str(directory), complaint)])
    files: dict[str, str] = {}
    faults: list[tuple[str, Complaint]] = []
    for path in paths:
        name = path.relative_to(directory).as_posix()
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        try:
            files[name] = raw.decode("utf-8-sig")
        except UnicodeDecodeError as broken:
            line = raw.count(b"\n", 0, broken.start) + 1
            remedy = "Save it again with the encoding UTF-8"
            faults.append((name, Complaint(line, "file", "is not in UTF-8", remedy)))
    if faults:
        raise EditionError(faults)
    return files
