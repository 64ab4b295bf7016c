"""What can be refused about what is settled with partners and ordered from them.

DealingError
├── AcknowledgementRefusedError  what is acknowledged is not what was settled or told
├── OrderRefusedError            this cannot be ordered from a carrier, or not any more
├── OrderReportRefusedError      this cannot be what became of an order
├── StatementRefusedError        a partner's file cannot be read at all
├── UnknownOrderError            the partner has no order with this number
└── UnknownSettlementError       that day was not settled with this partner

The root hangs from CampaignError in `campaigns.errors`.
"""

from campaigns.errors import CampaignError


class DealingError(CampaignError):
    """Something about what is settled with partners, or ordered from them, is wrong."""


class AcknowledgementRefusedError(DealingError):
    """What is acknowledged is not what was settled, or has not been told yet."""


class OrderRefusedError(DealingError):
    """This cannot be ordered from a carrier, or not any more."""


class OrderReportRefusedError(DealingError):
    """This cannot be what became of an order."""


class StatementRefusedError(DealingError):
    """A partner's file cannot be read at all."""


class UnknownOrderError(DealingError):
    """The partner has no order with this number."""


class UnknownSettlementError(DealingError):
    """That day was not settled with this partner."""
