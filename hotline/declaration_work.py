"""Reading declarations: by the health department alone, each look on record; and their end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.audit import record
from campaigns.errors import PersonError
from campaigns.people import Person, Role
from campaigns.sealing import Sealer
from hotline.declarations.records import Declaration, get_declaration
from hotline.voice_messages import VoiceMessage


@dataclass(frozen=True, slots=True, repr=False)
class ReadDeclaration:
    """What one declaration says; ``spoken`` are the answers given by voice, by question."""

    declaration: Declaration
    keyed: Mapping[str, str]
    spoken: Mapping[str, VoiceMessage]


def read_declaration(
    session: Session, reference: str, person: Person, *, sealer: Sealer, now: datetime
) -> ReadDeclaration:
    """Return what a declaration says.

    Raises PersonError for everybody but the health data owner, UnknownTicketError where there is
    none.
    """
    if Role.HEALTH_DATA_OWNER not in person.role_set:
        raise PersonError(
            f"{person.login} may not read declarations. Nothing was shown; the role "
            "health_data_owner may."
        )
    found = get_declaration(session, reference)
    answers = found.read(sealer)
    held = session.scalars(select(VoiceMessage).where(VoiceMessage.declaration_id == found.id))
    voices = {voice.sid: voice for voice in held}
    subject = f"declaration:{reference}"
    record(session, "declaration.read", subject, now=now, person=person.login)
    return ReadDeclaration(
        found,
        {question: said for question, said in answers.items() if said not in voices},
        {question: voices[said] for question, said in answers.items() if said in voices},
    )


def erase_declaration(session: Session, reference: str, *, now: datetime) -> None:
    """Delete a declaration at once; what was spoken follows with the next upkeep."""
    session.delete(get_declaration(session, reference))
    record(session, "declaration.erased", f"declaration:{reference}", now=now)
