"""Catalogue: what is sold and stored, the codes it is scanned by, its packs and its kits.

Owns schema `catalog`. Words: SKU (the unit of selling and storing), base unit (quantities are
whole numbers of it; goods sold by weight have base unit g), alias (a GTIN or a supplier's code
that stands for a SKU), pack (a unit of more or less than one base unit, as an exact ratio), kit (a
SKU that is made of others), attribute (an extra property that a tenant defines).

Invariants: a code of one kind and supplier stands for one SKU; a GTIN's check digit holds; a pack
is an exact ratio of whole numbers; no kit is contained in itself; SKUs are never deleted, only
closed.
"""
