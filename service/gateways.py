"""The ways to the configured carrier account: for its texts, and for its voice messages."""

from service.carrier_accounts import carrier_account
from service.settings import Settings
from service.tokens import CallbackTokens
from service.twilio.gateway import TwilioGateway
from service.twilio.voices import TwilioVoices


def open_gateway(settings: Settings, tokens: CallbackTokens) -> TwilioGateway:
    """Open the gateway of the configured account; no connection is made yet."""
    account = carrier_account(settings)
    return TwilioGateway(
        account_sid=account.sid,
        auth_token=account.auth_token,
        api_url=account.api_url,
        public_url=settings.public_url,
        default_sender=account.sender,
        tokens=tokens,
        delivered_means_handset=account.delivered_means_handset,
        proxy=account.proxy,
    )


def open_voices(settings: Settings) -> TwilioVoices:
    """Open the way to the configured account's voice messages; no connection is made yet."""
    account = carrier_account(settings)
    return TwilioVoices(
        account.api_url,
        account_sid=account.sid,
        auth_token=account.auth_token,
        proxy=account.proxy,
    )
