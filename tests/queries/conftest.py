"""The books of tests/projections, read."""

from tests.projections.conftest import book, owner

__all__ = ["book", "owner"]
