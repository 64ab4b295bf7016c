"""Which carrier account this installation sends through."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from service.errors import SettingsError
from service.settings import Settings
from service.tokens import CallbackTokens

LOOPBACK_PORT = 8010
_LOOPBACK_URL = f"http://127.0.0.1:{LOOPBACK_PORT}"
_LOOPBACK_SENDER = "Loa"
THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, repr=False)
class CarrierAccount:
    """An account that speaks Twilio.

    ``delivered_means_handset`` is false for Twilio itself: what it calls delivered in Viet Nam is
    the message centre's word (twilio.com/guidelines/vn/sms). ``proxy`` is the way there, if any.
    """

    sid: str
    auth_token: str
    api_url: str
    sender: str
    delivered_means_handset: bool
    proxy: str = ""


def carrier_account(settings: Settings) -> CarrierAccount:
    """Return the configured account, else this machine's own; raise SettingsError without one."""
    if settings.carrier_is_loopback:
        return loopback_account(settings)
    token = settings.twilio_auth_token.get_secret_value()
    if not token:
        raise SettingsError(
            "TWILIO_ACCOUNT_SID is set, but TWILIO_AUTH_TOKEN is not; nothing was started. "
            "Set both, or neither to use the carrier on this machine. See docs/SETTINGS.md."
        )
    return CarrierAccount(
        settings.twilio_account_sid,
        token,
        settings.twilio_api_url,
        settings.twilio_from,
        delivered_means_handset=False,
        proxy=settings.carrier_proxy.get_secret_value(),
    )


def loopback_account(settings: Settings) -> CarrierAccount:
    """Return the account of the carrier on this machine; raise SettingsError without secrets."""
    sid = settings.loopback_account_sid
    token = settings.loopback_auth_token.get_secret_value()
    if not (sid and token):
        raise SettingsError(
            "No carrier account is set; nothing was started. Set TWILIO_ACCOUNT_SID and "
            "TWILIO_AUTH_TOKEN, or LOA_LOOPBACK_ACCOUNT_SID and LOA_LOOPBACK_AUTH_TOKEN for the "
            "carrier on this machine. See docs/SETTINGS.md."
        )
    is_here = urlsplit(settings.twilio_api_url).hostname in THIS_MACHINE
    return CarrierAccount(
        sid,
        token,
        settings.twilio_api_url if is_here else _LOOPBACK_URL,
        settings.twilio_from or _LOOPBACK_SENDER,
        delivered_means_handset=True,
    )


def callback_tokens(settings: Settings) -> CallbackTokens:
    return CallbackTokens(settings.secret_key.get_secret_value().encode())
