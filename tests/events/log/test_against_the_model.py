"""Any commands in any batches come to what the model says of them, judged one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from asyncpg import Pool
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from events.log.append import Append
from events.log.reader import LogReader
from tests.appenders import make_appenders
from tests.databases import Database
from tests.events.log.model import Model
from tests.events.log.writing import command, event, key, together

# Few of each, so that commands meet.
PLACES = st.integers(0, 2)
# Mostly what is right; now and then too early or too late.
ERRORS = st.sampled_from([0, 0, 0, 0, 0, 0, -1, 1])
CHANGES = st.sampled_from([-3, -2, -1, -1, 1, 2])


@dataclass(frozen=True)
class Intention:
    """A command before it is known which versions it must name."""

    events: Sequence[tuple[int, int]]  # stream, error of the version
    reads: Sequence[tuple[int, int]]
    stock: dict[int, int]
    key: tuple[int, str] | None
    after: dict[int, int]  # stream → how many commands before it the predecessor is; none, where there are not so many

    def command(
        self,
        model: Model,
        streams: Sequence[UUID],
        products: Sequence[UUID],
        subject: UUID,
        waiting: Sequence[Append],
    ) -> Append:
        """The command of one who has seen all that the model has, but for its errors. `waiting`: those before it."""
        versions: dict[int, int] = {}
        events = []
        for place, error in self.events:
            versions.setdefault(place, max(0, model.version(streams[place]) + error))
            versions[place] += 1
            events.append(event(streams[place], versions[place]))
        return command(
            *events,
            reads={streams[place]: max(0, model.version(streams[place]) + error) for place, error in self.reads},
            stock={products[place]: change for place, change in self.stock.items()},
            key=key(str(self.key[0]), self.key[1], subject) if self.key else None,
        )._replace(
            after={
                streams[place]: waiting[-before].command_id
                for place, before in self.after.items()
                if before <= len(waiting)
            }
        )


INTENTIONS = st.builds(
    Intention,
    events=st.lists(st.tuples(PLACES, ERRORS), max_size=3),
    reads=st.lists(st.tuples(PLACES, ERRORS), max_size=2, unique_by=lambda read: read[0]),
    stock=st.dictionaries(PLACES, CHANGES, max_size=2),
    key=st.none() | st.tuples(PLACES, st.sampled_from(["one", "one", "another"])),
    after=st.dictionaries(PLACES, st.sampled_from([1, 1, 1, 2, 3]), max_size=2),
)
# Commands that wait together, and how many of them the appender takes at once.
BATCHES = st.lists(st.tuples(st.sampled_from(["default", "other"]), st.lists(INTENTIONS, min_size=1, max_size=12)))
SIZES = st.sampled_from([1, 3, 512])


@given(batches=BATCHES, max_batch=SIZES)
@settings(
    max_examples=100,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    # Each example has streams, products and a subject of its own, and goes on in the same log.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_the_log_agrees_with_the_model(
    database: Database, pool: Pool, batches: list[tuple[str, list[Intention]]], max_batch: int
) -> None:
    streams, products = [uuid4() for _ in range(3)], [uuid4() for _ in range(3)]
    subject = uuid4()
    readers = {tenant: LogReader(pool, tenant) for tenant in ("default", "other")}
    models = {tenant: Model(await reader.head()) for tenant, reader in readers.items()}
    before = {tenant: model.head for tenant, model in models.items()}
    async with make_appenders(database.url) as new_appender:
        appenders = {tenant: new_appender(tenant, max_batch=max_batch) for tenant in readers}
        for tenant, intentions in batches:
            model, expected = models[tenant], []
            commands: list[Append] = []
            for intention in intentions:
                one = intention.command(model, streams, products, subject, commands)
                commands.append(one)
                expected.append(model.judge(one))
            outcomes = await together(appenders[tenant], *commands)
            # One that lost a predecessor in an earlier batch is not sent, so its key is not looked at.
            possible = [[it, *model.orphaned(one)] for it, one in zip(expected, commands, strict=True)]
            assert all(outcome in these for outcome, these in zip(outcomes, possible, strict=True)), possible
    for tenant, model in models.items():
        reader = readers[tenant]
        log = await reader.after(before[tenant], 1_000)
        assert [one.position for one in log] == list(range(before[tenant] + 1, model.head + 1))
        last = {one.stream_id: one.version for one in log}
        assert last == model.versions
        assert await reader.available(products) == {product: model.available(product) for product in products}
