"""Parties: the customers who own parcels and orders.

Owns schema `parties`. Words: customer (shopper), suite code (the member code that a customer
writes into the receiving address), name key and phone tail (what a label shows of a person).

Invariants: a suite code belongs to one customer for ever and carries a valid check digit; the
personal fields of a customer sit in one row and can be erased without touching anything else.
"""
