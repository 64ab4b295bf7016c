"""Broadcasts: one execution of a signed plan, from its deliveries to its ledger."""
