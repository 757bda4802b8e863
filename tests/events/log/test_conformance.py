"""The `eventsourcing` library's own tests of an application recorder, against our log."""

from collections.abc import AsyncIterator

import pytest
from eventsourcing.tests.persistence import ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase

from tests.databases import Database
from tests.events.log.recorder_adapter import LogRecorder


@pytest.fixture(autouse=True)
async def recorder(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """What `create_recorder` gives out: a recorder on a database of this test's own."""
    recorder = LogRecorder(database.url)
    request.cls.recorder = recorder
    yield
    recorder.close()


class TestAsAnApplicationRecorder(ApplicationRecorderTestCase[LogRecorder]):
    recorder: LogRecorder

    def create_recorder(self) -> LogRecorder:
        return self.recorder


class TestItsPositions(NonInterleavingNotificationIDsBaseCase):
    recorder: LogRecorder

    def create_recorder(self) -> LogRecorder:
        return self.recorder


# The library's own base classes are no tests.
del ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase
