"""Goods that go from one node to another."""
