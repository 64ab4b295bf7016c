"""Voice messages at the carrier: fetched as sound, and deleted there once they are ours."""

import base64
import urllib.error
import urllib.request
from http import HTTPStatus
from urllib.parse import quote

_PATH = "/2010-04-01/Accounts/{account}/Recordings/{sid}"
_ANSWER_WITHIN_S = 20
# Three minutes of the telephone's 8 kHz, 16 bits: anything longer is no voice message of ours.
_LARGEST = 8 * 1024 * 1024


class TwilioVoices:
    """Speaks to ``/Recordings`` (twilio.com/docs/voice/api/recording); never raises."""

    def __init__(self, api_url: str, *, account_sid: str, auth_token: str) -> None:
        """Nothing is opened yet; the few messages of a day need no connection kept alive."""
        self._base = api_url.rstrip("/") + _PATH.replace("{account}", quote(account_sid, safe=""))
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode("ascii")
        self._headers = {"Authorization": f"Basic {credentials}"}

    def fetch_voice(self, sid: str) -> bytes | None:
        """Return the message as WAV; None when it is not there, too large, or not to be had now."""
        content = self._ask("GET", f"{sid}.wav")
        return content if content and len(content) <= _LARGEST else None

    def delete_voice(self, sid: str) -> bool:
        """Delete the message; True when the carrier has it no more."""
        return self._ask("DELETE", sid) is not None

    def _ask(self, method: str, name: str) -> bytes | None:
        url = self._base.replace("{sid}", quote(name, safe=""))
        request = urllib.request.Request(url, headers=self._headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:  # noqa: S310
                return bytes(answer.read(_LARGEST + 1))
        except urllib.error.HTTPError as refused:
            is_gone = method == "DELETE" and refused.code == HTTPStatus.NOT_FOUND
            return b"" if is_gone else None
        except (OSError, ValueError):
            return None
