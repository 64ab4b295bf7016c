"""Everything that the hotline can refuse to do, in one tree.

HotlineError
├── EditionError              files of the hotline break rules; the running ones stay
├── UnknownEditionError       no set of files has this number
├── UnknownAnswerError        no answer has this code
├── ApprovalRefusedError      this person may not approve this answer
├── RecordingRefusedError     a sound file cannot be taken over
├── NothingToSayError         no script was ever loaded
├── TurnTakenError            another process has taken this turn of a call
├── TicketRefusedError        a ticket is closed, somebody else's, or not to be written so
└── UnknownTicketError        no report or callback has this number

Every message says what happened and what to do next, in plain English, and holds no number.
"""

from collections.abc import Sequence

from campaigns.complaints import Complaint


class HotlineError(Exception):
    """A rule of the hotline was broken; the message is fit for the person who asked."""


class EditionError(HotlineError):
    """Files of the hotline break rules; every one is listed with its file, and nothing changed."""

    def __init__(self, complaints: Sequence[tuple[str, Complaint]]) -> None:
        super().__init__("\n".join(f"{file}: {complaint}" for file, complaint in complaints))
        self.complaints = tuple(complaints)


class UnknownEditionError(HotlineError):
    """No set of files has this number."""


class UnknownAnswerError(HotlineError):
    """No answer has this code."""


class ApprovalRefusedError(HotlineError):
    """This person may not approve this answer."""


class RecordingRefusedError(HotlineError):
    """A sound file cannot be taken over; nothing of it was kept."""


class UnknownTicketError(HotlineError):
    """No report or callback has this number."""


class TicketRefusedError(HotlineError):
    """A ticket is closed, or somebody else's, or an answer to it may not be kept as written."""


class TurnTakenError(HotlineError):
    """Another process has taken this turn of a call; asked again, it gives that one's reply."""


class NothingToSayError(HotlineError):
    """No script was ever loaded."""
