"""The partners' door: what telecom companies read and hand in, below /partner/v1."""
