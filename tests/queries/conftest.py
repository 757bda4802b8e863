"""The books of tests/projections, read."""

from tests.projections.conftest import book, street

__all__ = ["book", "street"]
