"""Migrations: how a database made by an older version becomes one of this version."""
