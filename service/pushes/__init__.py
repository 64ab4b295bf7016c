"""Pushes: batches of partners' feeds on their way out, signed as Standard Webhooks says."""
