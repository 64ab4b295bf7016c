"""Twilio: the carrier that is spoken to over HTTP, and the only place that knows its SDK."""
