"""The customers of tests/visits."""

from tests.visits.conftest import stage

__all__ = ["stage"]
