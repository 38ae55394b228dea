"""The words every room shares: ids, amounts, calendars, principals, refusals, events.

Pure values: standard library, tzdata and msgspec only. No I/O, no clock, no settings.
"""
