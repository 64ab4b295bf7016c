"""Area files: what the command line and the interface both do to the tree of areas, on record."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.areas import Loaded, load_areas
from campaigns.audit import record
from campaigns.plans.local_recodings import recode_local
from campaigns.recodings import Recoded, recode_areas
from campaigns.tables import NumberedRow
from hotline.callers import recode_callers


def load_tree(session: Session, rows: Iterable[NumberedRow], *, name: str, now: datetime) -> Loaded:
    """Take over the areas in *rows*, which came in a file or request called *name*.

    Raises AreaFileError as `load_areas` does.
    """
    loaded = load_areas(session, rows)
    counts = {"added": loaded.added, "changed": loaded.changed}
    record(session, "areas.loaded", f"file:{name[:100]}", now=now, **counts)
    return loaded


def recode_everywhere(
    session: Session, rows: Iterable[NumberedRow], *, name: str, now: datetime
) -> list[Recoded]:
    """Move subscribers, callers and local texts to new codes, as `recode_areas` does."""
    done = recode_areas(session, rows, now=now)
    codes = {one.recoding.old_code: one.recoding.new_code for one in done}
    recode_callers(session, codes)
    # What was on record is left alone, here too: its communes may have said something since.
    fresh = {one.recoding.new_code for one in done if not one.is_known}
    recode_local(session, fresh, now=now)
    moved = sum(one.moved for one in done)
    record(session, "areas.recoded", f"file:{name[:100]}", now=now, moved=moved, codes=codes)
    return done
