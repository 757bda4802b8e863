"""What is handed to the broker, and what is left to the sweep."""

from uuid import UUID, uuid4

import pytest
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker

from bench.stack import free_port
from consumers.broker import QUEUE, make_broker, waiting
from consumers.enqueue import AT_ONCE, Enqueuer


def messages(broker: RedisBroker) -> list[tuple[str, list[UUID]]]:
    """What workers would get, in order."""
    got: list[bytes] = broker.do_fetch(QUEUE, 100)
    decoded = (Message.decode(one).args for one in got)
    return [(tenant, [UUID(one) for one in deliveries]) for tenant, deliveries in decoded]


def queued(broker: RedisBroker) -> list[tuple[str, UUID]]:
    """The deliveries in them."""
    return [(tenant, one) for tenant, deliveries in messages(broker) for one in deliveries]


async def test_a_message_carries_only_a_tenant_and_its_deliveries(broker: RedisBroker) -> None:
    ids = [uuid4() for _ in range(3)]
    await Enqueuer(broker)("default", ids)
    await Enqueuer(broker)("other", ids[:1])
    assert messages(broker) == [("default", ids), ("other", ids[:1])]


async def test_many_deliveries_are_several_messages(broker: RedisBroker) -> None:
    ids = [uuid4() for _ in range(2 * AT_ONCE + 1)]
    await Enqueuer(broker)("default", ids)
    assert [len(deliveries) for _, deliveries in messages(broker)] == [AT_ONCE, AT_ONCE, 1]


async def test_a_full_queue_takes_no_more(broker: RedisBroker) -> None:
    enqueue = Enqueuer(broker, longest=5)
    assert await enqueue.room() == 5
    await enqueue("default", [uuid4() for _ in range(3 * AT_ONCE)])
    assert await enqueue.room() == 2
    await enqueue("default", [uuid4() for _ in range(9 * AT_ONCE)])
    assert await enqueue.room() == 0
    await enqueue("default", [uuid4()])
    assert waiting(broker) == 5


async def test_without_redis_nothing_fails_and_it_is_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nowhere = make_broker(f"redis://127.0.0.1:{free_port()}")
    enqueue = Enqueuer(nowhere)
    for _ in range(3):
        await enqueue("default", [uuid4()])
        assert await enqueue.room() == 0
    nowhere.client.close()
    said = capsys.readouterr().out
    assert said.count("deliveries wait for the sweep") == 1
