"""The library in memory: read again only when something that may be said has changed."""

import threading

from sqlalchemy.orm import Session

from hotline.editions import library_revision
from hotline.library import Library, load_library


class HeldLibrary:
    """One process's copy of the library, for all of its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Library | None = None

    def current(self, session: Session, *, revision: int | None = None) -> Library | None:
        """Return the library as *session*'s transaction sees it; None if nothing was ever loaded.

        A transaction that began before a change may still see the library from before it: then
        it is given that one, and the newer one stays in memory. *revision* is the number where
        that was just read with something else.
        """
        if revision is None:
            revision = library_revision(session)
        held = self._held
        if held is not None and held.revision == revision:
            return held
        with self._lock:
            held = self._held
            if held is not None and held.revision == revision:
                return held
            library = load_library(session)
            if library is not None and (held is None or held.revision < library.revision):
                self._held = library
            return library

    @property
    def last(self) -> Library | None:
        """The library as it was last seen, for when the database does not answer."""
        return self._held
