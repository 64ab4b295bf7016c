"""A carrier on this machine that speaks as Twilio does, so that everybody runs the real client."""
