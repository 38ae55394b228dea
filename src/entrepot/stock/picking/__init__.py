"""Goods that are fetched for a reservation."""
