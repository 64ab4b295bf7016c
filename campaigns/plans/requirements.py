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
    department have spoken).
    """
    required = _BY_CLASS[document.class_]
    return (*required, Role.STEERING_COMMITTEE) if is_sensitive(document) else required
