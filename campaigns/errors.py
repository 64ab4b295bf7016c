"""Everything that the broadcast domain can refuse to do, in one tree.

CampaignError
├── PhoneRefusedError            a raw telephone number cannot receive our texts
├── SealBrokenError              a stored number does not open with this key
├── AreaError
│   ├── AreaFileError            an area file cannot be taken over
│   └── UnknownAreaError         no area has this code on this day
├── LevelError
│   ├── LevelFileError           a file of level decisions cannot be taken over
│   └── UnknownLevelError        the scheme has no such level
├── SubscriberError
│   ├── SubscriberFileError      a subscriber file cannot be read at all
│   ├── UnknownSubscriberError   nobody has this number
│   ├── UnknownUploadError       no list was handed over under this number
│   └── UploadTakenError         another worker imports this list by now
├── PersonError
│   ├── LoginRefusedError        this is no login
│   ├── LoginTakenError          a person with this login exists
│   ├── PersonChangeRefusedError  this may not be changed about them, or not by them
│   ├── PersonWithdrawnError     the person acts no more
│   └── UnknownPersonError       nobody has this login
├── AccessError
│   ├── NotPermittedError        no role of this person allows it
│   ├── CodeRefusedError         this is not the code that the app shows, or it was used
│   ├── InvitationRefusedError   this is no invitation, or it has ended
│   ├── KeyRefusedError          such a key cannot be made
│   ├── LoginThrottledError      too many wrong attempts from here: wait
│   ├── PasswordRefusedError     nobody may have such a password
│   ├── PasswordsBusyError       too many passwords are being verified at this moment
│   ├── TotpMissingError         who has this role must have set up an authenticator app
│   ├── UnknownSessionError      the person has no session with this number
│   └── UnknownKeyError          no key has this number
├── FiguresError
│   ├── FiguresMissingError      the day's figures are not here, and older ones are not quoted
│   └── FiguresRefusedError      these cannot be the figures of that day
├── DefinitionError              a campaign file breaks rules, each with line, field and remedy
├── TextError
│   ├── EmptySlotError           a slot has nothing to say here
│   ├── LocalTextRefusedError    a commune cannot fill a slot with this
│   └── UnknownSlotError         a text asks for something that no area can fill
├── PlanError
│   ├── CampaignRejectedError    somebody who must sign has rejected the campaign for good
│   ├── EmptyAudienceError       the campaign reaches nobody
│   ├── PlanDriftedError         what would be sent is no longer what was signed
│   ├── PlanReturnedError        somebody who must sign has sent the plan back
│   ├── RulesBrokenError         the plan breaks rules that nobody may sign away
│   ├── SignatureRefusedError    this person may not sign this plan
│   │   └── GroundMissingError   not so: a document or a reason is missing
│   ├── SignatureMissingError    not everybody who must sign has signed
│   ├── SlugTakenError           the slug belongs to a campaign with other content
│   ├── UnknownCampaignError     no campaign has this slug
│   └── UnknownPlanError         no plan has this number or digest
├── UnknownErrandError           nobody has asked for this, or it is forgotten
└── BroadcastError
    ├── BroadcastFrozenError     the broadcast is past the point where this is possible
    ├── LaunchWithdrawnError     everything was stopped before it was done
    └── UnknownBroadcastError    no broadcast has this number
"""

from collections.abc import Sequence
from datetime import timedelta

from campaigns.complaints import Complaint


class CampaignError(Exception):
    """A rule was broken; the message says so in plain English, what to do next, and no number."""


class PhoneRefusedError(CampaignError):
    """A raw telephone number cannot receive our texts; ``reason`` is a stable word for files."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SealBrokenError(CampaignError):
    """A stored number does not open with this key: wrong key or damaged row."""


class AreaError(CampaignError):
    """Something about administrative units is wrong."""


class AreaFileError(AreaError):
    """An area file cannot be taken over; nothing of it was kept."""


class UnknownAreaError(AreaError):
    """No area has this code on this day."""


class LevelError(CampaignError):
    """Something about epidemic levels is wrong."""


class LevelFileError(LevelError):
    """A file of level decisions cannot be taken over; nothing of it was kept."""


class UnknownLevelError(LevelError):
    """The scheme has no such level."""


class SubscriberError(CampaignError):
    """Something about subscribers is wrong."""


class SubscriberFileError(SubscriberError):
    """A subscriber file cannot be read at all; nothing of it was kept."""


class UnknownSubscriberError(SubscriberError):
    """Nobody has this number."""


class UnknownUploadError(SubscriberError):
    """No list was handed over under this number."""


class UploadTakenError(SubscriberError):
    """Another worker imports this list by now."""


class PersonError(CampaignError):
    """Something about the people who work with Loa is wrong."""


class LoginRefusedError(PersonError):
    """This is no login."""


class LoginTakenError(PersonError):
    """A person with this login exists."""


class PersonChangeRefusedError(PersonError):
    """This may not be changed about the person, or not by whoever asks."""


class PersonWithdrawnError(PersonError):
    """The person was withdrawn and acts no more."""


class UnknownPersonError(PersonError):
    """Nobody has this login."""


class AccessError(CampaignError):
    """Somebody may not do what they asked for, or has not proved who they are."""


class NotPermittedError(AccessError):
    """No role of this person, or scope of this key, allows it."""


class CodeRefusedError(AccessError):
    """This is not the code that the person's app shows now, or it was used already."""


class InvitationRefusedError(AccessError):
    """This is no invitation, or it was accepted, replaced or left for too long."""


class KeyRefusedError(AccessError):
    """Such a key cannot be made."""


class LoginThrottledError(AccessError):
    """Too many wrong attempts came from here; the next one counts in *wait*."""

    def __init__(self, message: str, *, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait


class PasswordRefusedError(AccessError):
    """Nobody may have such a password."""


class PasswordsBusyError(AccessError):
    """Too many passwords are being verified at this moment."""


class TotpMissingError(AccessError):
    """Who has this role must have set up an authenticator app before a session is opened."""


class UnknownSessionError(AccessError):
    """The person has no session with this number."""


class UnknownKeyError(AccessError):
    """No key has this number."""


class FiguresError(CampaignError):
    """Something is wrong with the day's figures."""


class FiguresMissingError(FiguresError):
    """The day's figures are not here, and older ones are not quoted."""


class FiguresRefusedError(FiguresError):
    """These cannot be the figures of that day."""


class DefinitionError(CampaignError):
    """A campaign file breaks rules; every one of them is listed."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__("\n".join(str(complaint) for complaint in complaints))
        self.complaints = tuple(complaints)


class TextError(CampaignError):
    """A text cannot be rendered."""


class EmptySlotError(TextError):
    """A slot has nothing to say here, so the text would reach citizens with a hole in it."""


class LocalTextRefusedError(TextError):
    """A commune cannot fill a slot with this; what was there before stays."""


class UnknownSlotError(TextError):
    """A text asks for something that no area can fill."""


class PlanError(CampaignError):
    """A plan cannot go the way it was asked to."""


class CampaignRejectedError(PlanError):
    """Somebody who must sign has rejected the campaign for good."""


class EmptyAudienceError(PlanError):
    """The campaign reaches nobody."""


class PlanDriftedError(PlanError):
    """What would be sent is no longer what was signed; the signatures are void."""


class PlanReturnedError(PlanError):
    """Somebody who must sign has sent the plan back."""


class RulesBrokenError(PlanError):
    """The plan breaks rules that nobody may sign away."""


class SignatureRefusedError(PlanError):
    """This person may not sign this plan."""


class GroundMissingError(SignatureRefusedError):
    """What they sign, or send back, goes with a document or a reason that was not given."""


class SignatureMissingError(PlanError):
    """Not everybody who must sign has signed."""


class SlugTakenError(PlanError):
    """The slug belongs to a campaign with other content."""


class UnknownCampaignError(PlanError):
    """No campaign has this slug."""


class UnknownPlanError(PlanError):
    """No plan has this number or digest."""


class UnknownErrandError(CampaignError):
    """Nobody has asked for this, or it is forgotten."""


class BroadcastError(CampaignError):
    """A broadcast cannot go the way it was asked to."""


class BroadcastFrozenError(BroadcastError):
    """The broadcast is past the point where this is possible."""


class LaunchWithdrawnError(BroadcastError):
    """Everything was stopped before a launch was done."""


class UnknownBroadcastError(BroadcastError):
    """No broadcast has this number."""
