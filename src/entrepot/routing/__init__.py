"""Routing: from which nodes, in how many shipments and with which services an order is filled.

Words: an *option* is one service at one node; a *shipment* is one option used by one order;
a *plan* says which units each shipment carries and which are short. `engine` decides and knows
nothing of databases or clocks; `compiling` turns nodes, calendars and pick-ups into the
engine's absolute departures and capacities.

Invariants: the same input gives the same bytes; a plan is called optimal only with a proof;
every number is a whole number in the unit its name ends with.
"""
