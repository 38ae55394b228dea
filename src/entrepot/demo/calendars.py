"""Working days for the demo: when its warehouse hands over, and when the doors abroad open.

Public holidays from November 2026 to January 2027, as those countries have fixed them by law.
"""

CALENDARS = {
    "CN": {"weekdays": [1, 2, 3, 4, 5, 6], "holidays": ["2027-01-01"]},
    "HK": {
        "weekdays": [1, 2, 3, 4, 5, 6],
        "holidays": ["2026-12-25", "2026-12-26", "2027-01-01"],
    },
    "TW": {"weekdays": [1, 2, 3, 4, 5, 6], "holidays": ["2026-12-25", "2027-01-01"]},
    "JP": {
        "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "holidays": ["2026-11-23", "2027-01-01", "2027-01-11"],
    },
    "SG": {"weekdays": [1, 2, 3, 4, 5, 6], "holidays": ["2026-12-25", "2027-01-01"]},
    "US": {
        "weekdays": [1, 2, 3, 4, 5, 6],
        "holidays": ["2026-11-26", "2026-12-25", "2027-01-01", "2027-01-18"],
    },
    "GB": {
        "weekdays": [1, 2, 3, 4, 5, 6],
        "holidays": ["2026-12-25", "2026-12-28", "2027-01-01"],
    },
    "DE": {
        "weekdays": [1, 2, 3, 4, 5, 6],
        "holidays": ["2026-12-25", "2026-12-26", "2027-01-01"],
    },
    "AU": {"weekdays": [1, 2, 3, 4, 5], "holidays": ["2026-12-25", "2027-01-01", "2027-01-26"]},
}
