"""Nodes: the places where parcels and stock lie, with their bins and receiving addresses.

Owns schema `nodes`. Words: node (warehouse, store, partner, marketplace; "warehouse" in an API
field is the code of such a node), bin, receiving bin (where a scanned parcel lies until it is
put away), receiving address (a template per language with `{suite_code}` in it).

Invariants: a node has exactly one receiving bin; a bin belongs to one node for ever; nodes and
bins are never deleted, only closed.
"""
