"""The phone domain: scripts, answers, calls, citizen reports and call statistics."""
