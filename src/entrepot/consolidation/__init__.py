"""Consolidation (集运): parcels of one customer become one shipment.

So far the pure parts: `packing` finds the cartons, `adviser` the cheapest grouping.
"""
