"""Lots and serials: traces, and recalls."""
