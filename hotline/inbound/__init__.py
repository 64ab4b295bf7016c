"""Inbound: what people text to us, understood, answered from approved answers, or kept."""
