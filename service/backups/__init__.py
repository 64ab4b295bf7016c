"""Backups: one file with everything the database knows, checked before it counts."""
