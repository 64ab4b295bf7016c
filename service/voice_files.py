"""Voice files: what callers said, as it lies sealed in the data directory."""

from hotline.errors import UnknownTicketError
from hotline.voice_messages import VoiceMessage
from service.resources import Resources
from workers.voice_messages import DIRECTORY


def open_voice_file(resources: Resources, voice: VoiceMessage | None) -> bytes:
    """Return the sound of *voice*; raise UnknownTicketError where it is not here, or no more."""
    path = resources.settings.data_dir / DIRECTORY / voice.file if voice and voice.file else None
    if path is None or not path.is_file():
        raise UnknownTicketError(
            "The voice message is not here. Nothing was given out. It is fetched from the carrier "
            "within a minute, and deleted 30 days after the ticket is closed."
        )
    return resources.sealer.unseal_bytes(path.read_bytes())
