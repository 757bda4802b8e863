"""One service for all faults; each test finds it whole, and may kill any part of it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.stack import Stack
from tests.faults.running import Running


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    data = Path(tempfile.mkdtemp(prefix="faults-")).resolve()
    try:
        with Stack(data) as stack:
            yield Running(stack)
    finally:
        shutil.rmtree(data)


@pytest.fixture
def running(service: Running) -> Iterator[Running]:
    service.mend()
    yield service
    service.close_clients()
