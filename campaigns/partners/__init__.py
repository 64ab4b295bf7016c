"""Telecom partners: their accounts and keys, and what became of texts to their networks."""
