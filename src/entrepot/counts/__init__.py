"""Counts: what lies in a bin is looked at and compared with the book.

One machine for goods and for parcels: open, counted, perhaps recount, approved or rejected. A
count is blind: whoever counts does not see the book. It owns the sheets and the rounds; what an
approved count changes is posted by a flow through the room of the thing counted.
"""
