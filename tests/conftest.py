"""Fixtures that every test may use."""

from tests.postgres_fixture import server  # noqa: F401
