"""Carriers: lines, their rate cards, which node offers them, and what a shipment costs on each.

Owns schema `carriers`. Words: service (a shipping line of a carrier), card (its prices, in
versions with validity), rules (what all cards share: rates of exchange, tiers, insurance,
value-added services, duty thresholds, storage, calendars), quote (all services side by side for
one subject, kept with every version it was made of). `rating` is the pure engine.

Invariants: a version of a card and a set of rules never change; of one service no two versions
begin on one day; a quote's request, versions and answer never change, and the same versions give
the same answer to the byte; an accepted quote was open, in time and for an unchanged subject.
"""
