"""Packing: which cartons a set of pieces goes into, and where each piece lies. Pure."""
