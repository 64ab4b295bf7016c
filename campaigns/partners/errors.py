"""Everything that can be refused to or about telecom partners, in one tree.

PartnerError
├── AcknowledgementRefusedError  what is acknowledged is not what was settled or told
├── OrderRefusedError            this cannot be ordered from a carrier, or not any more
├── OrderReportRefusedError      this cannot be what became of an order
├── PartnerRefusedError          such an account cannot be kept
├── StatementRefusedError        a partner's file cannot be read at all
├── UnknownOrderError            the partner has no order with this number
├── UnknownPartnerError          no partner has this name
└── UnknownSettlementError       that day was not settled with this partner

Every message says what happened and what to do next, in plain English, and holds no number.
"""

from campaigns.errors import CampaignError


class PartnerError(CampaignError):
    """Something about a telecom partner is not as it has to be."""


class PartnerRefusedError(PartnerError):
    """Such an account cannot be kept."""


class UnknownPartnerError(PartnerError):
    """There is no partner with this name."""


class AcknowledgementRefusedError(PartnerError):
    """What is acknowledged is not what was settled, or has not been told yet."""


class OrderRefusedError(PartnerError):
    """This cannot be ordered from a carrier, or not any more."""


class OrderReportRefusedError(PartnerError):
    """This cannot be what became of an order."""


class StatementRefusedError(PartnerError):
    """A partner's file cannot be read at all."""


class UnknownOrderError(PartnerError):
    """The partner has no order with this number."""


class UnknownSettlementError(PartnerError):
    """That day was not settled with this partner."""
