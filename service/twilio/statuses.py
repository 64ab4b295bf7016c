"""How Twilio's words for a message's fate translate into ours."""

from campaigns.gateway import Outcome

_OUTCOMES = {
    "accepted": Outcome.SILENT,
    "scheduled": Outcome.SILENT,
    "queued": Outcome.SILENT,
    "sending": Outcome.SILENT,
    "sent": Outcome.NETWORK,
    "partially_delivered": Outcome.NETWORK,
    "delivered": Outcome.HANDSET,
    "read": Outcome.HANDSET,
    "undelivered": Outcome.FAILED,
    "failed": Outcome.FAILED,
    "canceled": Outcome.FAILED,
}


def outcome_of(status: str, *, delivered_means_handset: bool = True) -> Outcome | None:
    """Return what Twilio's *status* says, None for a word we do not know.

    In Viet Nam "delivered" is only the message centre's word, so an installation may say that it
    does not mean the handset.
    """
    if status == "delivered" and not delivered_means_handset:
        return Outcome.NETWORK
    return _OUTCOMES.get(status)
