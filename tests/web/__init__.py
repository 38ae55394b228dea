"""Tests of the pages: what they weigh, what they say, what they refuse, how they feel."""
