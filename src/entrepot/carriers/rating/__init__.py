"""Rating: what a shipment costs on every line, line by line, each line naming its card and row.

Pure: imports only `kernel`. A card file (`cards`) is read strictly (`files`), checked for
overlaps, gaps and loops (`checks`), compiled once into look-up structures (`compiling`), and
then prices requests (`pricing`) one service at a time or all side by side (`quotes`).
Words: card, version, zone, chargeable weight, waybill, surcharge, fuel, post-tax, quote.
Invariants: every line is whole minor units rounded half away from zero; the total is the sum of
the lines; the same card, version and request give the same lines for ever.
"""
