"""Packing: which cartons a set of pieces goes into, and where each piece lies.

Pure: imports only `kernel`; whole millimetres and grams; the same request gives the same answer.
`types` are the values, `spaces` the geometry of free room, `filling` puts pieces into one carton,
`choosing` picks the cartons, `files` reads requests. Words: carton, inner and outer size, tare,
piece, together (in one carton), apart (never in one carton), fragile (nothing on top), upright.
Invariants, checked by an independent test: inside the carton, no overlap, gross weight within the
carton's limit, at least the asked part of each base supported, nothing on fragile pieces, every
piece in exactly one carton or left over with a reason.
"""
