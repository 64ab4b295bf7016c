"""Calls: conversations that any process can continue, one turn after the other."""
