"""Carriers: lines, their rate cards, and what a shipment costs on each.

So far the pure part: `rating`.
"""
