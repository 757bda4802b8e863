"""One service for all faults; each test finds it whole, and may kill any part of it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.stack import Stack
from tests.faults.running import Running

HERE = Path(__file__).parent
SERVICE = pytest.StashKey[Running]()


@pytest.fixture(scope="session")
def service(request: pytest.FixtureRequest) -> Iterator[Running]:
    data = Path(tempfile.mkdtemp(prefix="faults-")).resolve()
    try:
        with Stack(data) as stack:
            yield request.session.stash.setdefault(SERVICE, Running(stack))
    finally:
        shutil.rmtree(data)


@pytest.fixture
def running(service: Running) -> Iterator[Running]:
    service.mend()
    yield service
    service.close_clients()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After the last test in here all of it ends: it shall not slow those that follow."""
    service = item.session.stash.get(SERVICE, None)
    if service is not None and (nextitem is None or HERE not in nextitem.path.parents):
        service.stack.end()
