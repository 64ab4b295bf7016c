"""Carriers: how sure it is what became of texts on each network, and which has gone quiet."""
