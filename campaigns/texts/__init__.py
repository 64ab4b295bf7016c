"""Texts: what a citizen reads, how many segments it costs, and what it may leave out."""
