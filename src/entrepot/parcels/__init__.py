"""Parcels: what comes in, from pre-alert to the shelf and out again.

Owns schema `parcels`. Words: pre-alert (an expected parcel), scan, piece (one carton of a
waybill), occurrence (a courier used the number again), unclaimed, put-away, held, timeline.

Invariants: a live parcel is unique by (warehouse, normalised number, piece, occurrence); a
parcel in custody lies in exactly one bin; its timeline has no gap and every entry has its
outbox event; a parcel gets an owner only by evidence that names one customer alone.
"""
