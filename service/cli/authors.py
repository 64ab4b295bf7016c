"""Authors: who wrote what a command takes over, so that nobody else's name is under it."""

import getpass
import os

from sqlalchemy.orm import Session

from campaigns.people import find_person, get_person


def find_author(session: Session, user: str | None) -> str:
    """Return the login of whoever wrote it: *user*, else LOA_USER, else the account's name.

    Raises UnknownPersonError for a name that was given and is nobody's login.
    """
    named = user or os.environ.get("LOA_USER")
    return get_person(session, named).login if named else getpass.getuser()


def caution_about(session: Session, author: str) -> list[str]:
    """Return what to say when nobody can be held to the rule that nobody signs their own."""
    if find_person(session, author) is not None:
        return []
    return [
        (
            f"{author} is the account's name and nobody's login, so nobody is kept from signing or "
            "approving what they wrote. Say who wrote it with --user LOGIN."
        )
    ]
