"""Goods that come in: announced, received, put away, sent back by customers."""
