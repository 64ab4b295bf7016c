"""Voice messages at the carrier: fetched as sound, and deleted there once they are ours."""

import base64
import http.client
import urllib.error
import urllib.request
from http import HTTPStatus
from urllib.parse import quote

_PATH = "/2010-04-01/Accounts/{account}/Recordings/{sid}"
_ANSWER_WITHIN_S = 20
# Two minutes of the telephone's 8 kHz and 16 bits are 2 MB: anything larger is no message of ours.
_LARGEST = 8 * 1024 * 1024


class TwilioVoices:
    """Speaks to ``/Recordings`` (twilio.com/docs/voice/api/recording); never raises."""

    def __init__(self, api_url: str, *, account_sid: str, auth_token: str, proxy: str = "") -> None:
        """Nothing is opened yet; the few messages of a day need no connection kept alive."""
        self._base = api_url.rstrip("/") + _PATH.replace("{account}", quote(account_sid, safe=""))
        credentials = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode("ascii")
        self._authorization = f"Basic {credentials}"
        # As texts go: the way that the settings say, whatever the environment says of proxies.
        ways = {"http": proxy, "https": proxy} if proxy else {}
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler(ways))

    def fetch_voice(self, sid: str) -> bytes | None:
        """Return the message as WAV; None when it is not there, not whole, or not to be had now.

        Only what is surely all of it may be returned: its other copy is deleted after this.
        """
        content = self._ask("GET", f"{sid}.wav")
        is_sound = content is not None and content[:4] == b"RIFF" and content[8:12] == b"WAVE"
        return content if is_sound else None

    def delete_voice(self, sid: str) -> bool:
        """Delete the message; True when the carrier has it no more."""
        return self._ask("DELETE", sid) is not None

    def _ask(self, method: str, name: str) -> bytes | None:
        request = urllib.request.Request(  # noqa: S310 - the carrier's address, from the settings
            self._base.replace("{sid}", quote(name, safe="")), method=method
        )
        # The carrier may lead to where it stores sounds, which must not see the token.
        request.add_unredirected_header("Authorization", self._authorization)
        try:
            with self._opener.open(request, timeout=_ANSWER_WITHIN_S) as answer:
                content = bytes(answer.read(_LARGEST + 1))
                is_whole = not answer.length and len(content) <= _LARGEST
                return content if is_whole else None
        except urllib.error.HTTPError as refused:
            with refused:
                is_gone = method == "DELETE" and refused.code == HTTPStatus.NOT_FOUND
                return b"" if is_gone else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
