"""Subscribers: one telephone number that agreed, or that the law lets us reach."""
