"""Everything that can be refused to or about telecom partners, in one tree.

PartnerError
├── PartnerRefusedError          such an account cannot be kept
└── UnknownPartnerError          no partner has this name

Every message says what happened and what to do next, in plain English, and holds no number.
"""

from campaigns.errors import CampaignError


class PartnerError(CampaignError):
    """Something about a telecom partner is not as it has to be."""


class PartnerRefusedError(PartnerError):
    """Such an account cannot be kept."""


class UnknownPartnerError(PartnerError):
    """There is no partner with this name."""
