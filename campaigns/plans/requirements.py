"""Requirements: whose signatures a campaign needs, by its class and by what it speaks of."""

from campaigns.definitions.checklist import is_sensitive
from campaigns.definitions.document import CampaignDocument, MessageClass
from campaigns.people import Role

# In an emergency the two come from different agencies: the propaganda department for the content,
# the department that sends for the rest.
_BY_CLASS = {
    MessageClass.PUBLIC_INFO: (Role.CONTENT_APPROVER, Role.SENDER),
    MessageClass.EMERGENCY: (Role.CONTENT_APPROVER, Role.SENDER),
}


def required_roles(document: CampaignDocument) -> tuple[Role, ...]:
    """Return the roles that sign *document*, each by another person.

    Deaths, harm after vaccination, lockdowns and scenarios are spoken of only with the steering
    committee's consent (the province's plan of 2021: not before the committee and the health
    department have spoken). So is whoever opted out texted all the same.
    """
    required = _BY_CLASS[document.class_]
    needs_committee = is_sensitive(document) or document.despite_opt_out is not None
    return (*required, Role.STEERING_COMMITTEE) if needs_committee else required
