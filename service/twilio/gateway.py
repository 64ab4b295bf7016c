"""Texts over Twilio, or over anything that speaks as Twilio does."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from twilio.rest.api.v2010.account.message import MessageList

from campaigns.gateway import Answer, Inquiry, OutgoingText, SentText
from service.tokens import CallbackTokens
from service.twilio.conversations import Conversation
from service.twilio.lookups import Lookup
from service.twilio.talks import Phrase, Talk

CALLBACK_PATH = "/twilio/messages/status/"
_LONGEST_VALIDITY_S = 36_000
_MESSAGING_SERVICE = "MG"
_SID_CHARS = 34


class TwilioGateway:
    """A TextGateway on Twilio's own SDK, with up to *concurrency* requests under way."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        api_url: str,
        public_url: str,
        default_sender: str,
        tokens: CallbackTokens,
        concurrency: int = 64,
        delivered_means_handset: bool = True,
        proxy: str = "",
    ) -> None:
        self._callback_url = public_url.rstrip("/") + CALLBACK_PATH
        self._default_sender = default_sender
        self._tokens = tokens
        self._concurrency = concurrency
        self._lookup = Lookup(delivered_means_handset=delivered_means_handset)
        self._conversation = Conversation(
            api_url,
            account_sid=account_sid,
            auth_token=auth_token,
            connections=concurrency,
            proxy=proxy,
        )

    def send_all(self, texts: Sequence[OutgoingText], *, until: datetime) -> list[Answer]:
        """Hand over *texts* and return one answer for each, in order.

        What could not be spoken before *until* is Postponed; what was being spoken is Uncertain.
        """
        return self._conversation.run(partial(self._talk, texts=texts, until=until))

    def find_sent(self, inquiries: Sequence[Inquiry]) -> list[list[SentText] | None]:
        """Return one complete list for each inquiry; None where the carrier is unclear."""
        return self._conversation.run(partial(self._lookup.find_sent, inquiries=inquiries))

    def fetch(self, sids: Sequence[str]) -> list[SentText | None]:
        """Return each text by the carrier's name for it; None if unknown or not to be had now."""
        return self._conversation.run(partial(self._lookup.fetch, sids=sids))

    def close(self) -> None:
        """Give back the connections; the gateway can still be used."""
        self._conversation.close()

    async def _talk(
        self, messages: MessageList, *, texts: Sequence[OutgoingText], until: datetime
    ) -> list[Answer]:
        left = until - datetime.now(UTC)
        deadline = asyncio.get_running_loop().time() + left.total_seconds()
        talk = Talk(messages, texts, phrase=self._phrase, deadline=deadline)
        await talk.hold(speakers=self._concurrency)
        return talk.answers

    def _phrase(self, text: OutgoingText) -> Phrase:
        sender = text.sender or self._default_sender
        token = self._tokens.make(text.broadcast_id, text.position)
        phrase: Phrase = {
            "to": text.to,
            "body": text.body,
            "status_callback": self._callback_url + token,
        }
        if sender.startswith(_MESSAGING_SERVICE) and len(sender) == _SID_CHARS:
            phrase["messaging_service_sid"] = sender
        else:
            phrase["from_"] = sender
        if text.expires_at is not None:
            seconds = int((text.expires_at - datetime.now(UTC)).total_seconds())
            phrase["validity_period"] = max(1, min(_LONGEST_VALIDITY_S, seconds))
        return phrase
