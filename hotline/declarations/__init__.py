"""Declarations: health declarations by keypad, an optional module."""
