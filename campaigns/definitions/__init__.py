"""Definitions: the campaign file, what it may say, and its one canonical form."""
