"""One order in its past: at every version what its events make of it, and between two of them what changed."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.order_schemas import Fulfillment, OrderAnswer, PaymentsAnswer
from api.past_schemas import OrderDiff, OrderProvenance
from events.caller import Caller
from events.domain.order import Order
from events.domain.refusal import NotFound
from events.order_document import order_document
from queries.moments import AtPosition, AtTime, AtVersion, Moment, RecordedBy
from queries.past_order import BackwardDiff, NoSuchVersion, PastOrders, fields_of
from tests.projections.book import Book
from tests.projections.business import moved, placed, product
from tests.queries.chequered import LONG_AGO, a_chequered_past, address, from_elsewhere

STAFF = Caller(uuid4(), "default", ("staff",))
Json = dict[str, Any]


def past(book: Book, caller: Caller = STAFF) -> PastOrders:
    return PastOrders(book.shop.reader, book.shop.codec, caller)


async def as_of(book: Book, order: Order, moment: Moment, caller: Caller = STAFF) -> Json:
    document = await past(book, caller).as_of(order.id, moment)
    OrderAnswer.model_validate_json(document.json)
    shown = dict(json.loads(document.json))
    assert shown["version"] == document.version
    return shown


async def diff(book: Book, order_id: UUID, since: Moment, until: Moment | None = None) -> Json:
    body = await past(book).diff(order_id, since, until)
    OrderDiff.model_validate_json(body)
    return dict(json.loads(body))


async def provenance(book: Book, order_id: UUID, moment: Moment | None = None) -> Json:
    document = await past(book).provenance(order_id, moment)
    OrderProvenance.model_validate_json(document.json)
    return dict(json.loads(document.json))


@pytest.mark.parametrize("seed", range(2))
class TestAChequeredPast:
    async def test_is_at_every_version_and_position_what_the_events_make(self, book: Book, seed: int) -> None:
        told = await a_chequered_past(book, random.Random(seed))
        for order_id, versions in told.versions().items():
            for version in range(1, versions + 1):
                order = told.order(order_id, version)
                shown = await as_of(book, order, AtVersion(version))
                expected = json.loads(json.dumps(order_document(order)))
                assert shown == expected | {"allowed_statuses": [], "allowed_actions": []}
        for position in range(1, told.head + 1):
            for order in told.at_position(position):
                assert (await as_of(book, order, AtPosition(position)))["version"] == order.version

    async def test_is_at_every_time_the_longest_beginning_that_had_happened(self, book: Book, seed: int) -> None:
        told = await a_chequered_past(book, random.Random(seed))
        for time in told.times:
            there = {order.id: order.version for order in told.at_time(time)}
            for order_id in told.versions():
                order = told.order(order_id, 1)
                if order_id in there:
                    assert (await as_of(book, order, AtTime(time)))["version"] == there[order_id]
                else:
                    with pytest.raises(NotFound):
                        await as_of(book, order, AtTime(time))

    async def test_changes_into_what_followed(self, book: Book, seed: int) -> None:
        """The difference from one version to a later one makes the one of the other, and names the events that did."""
        told = await a_chequered_past(book, random.Random(seed))
        for order_id, versions in told.versions().items():
            states = [_fields(told.order(order_id, version)) if version else {} for version in range(versions + 1)]
            for since in range(versions + 1):
                for until in range(max(since, 1), versions + 1):
                    found = await diff(book, order_id, AtVersion(since), AtVersion(until))
                    assert (found["from"], found["to"]) == (since, until)
                    fields = dict(states[since])
                    for change in found["changes"]:
                        field, version = change["field"], change["event"]["streamversion"]
                        assert fields.get(field) == change["before"] != change["after"]
                        assert since < version <= until
                        _is_set_by(states, field, version, until)
                        fields[field] = change["after"]
                    assert {name: value for name, value in fields.items() if value is not None} == states[until]

    async def test_tells_for_each_field_which_event_set_it(self, book: Book, seed: int) -> None:
        told = await a_chequered_past(book, random.Random(seed))
        for order_id, versions in told.versions().items():
            states = [_fields(told.order(order_id, version)) if version else {} for version in range(versions + 1)]
            for version in range(1, versions + 1):
                origins = (await provenance(book, order_id, AtVersion(version)))["fields"]
                assert {field: origin["value"] for field, origin in origins.items()} == states[version]
                for field, origin in origins.items():
                    _is_set_by(states, field, origin["event"]["streamversion"], version)
            assert await provenance(book, order_id) == await provenance(book, order_id, AtVersion(versions))


def _fields(order: Order) -> Json:
    return dict(json.loads(json.dumps(fields_of(order_document(order)))))


def _is_set_by(states: list[Json], field: str, version: int, until: int) -> None:
    """This version gave the field the value that it had until then, and the one before had not."""
    values = [state.get(field) for state in states[version - 1 : until + 1]]
    assert values[0] != values[1]
    assert len({json.dumps(value) for value in values[1:]}) == 1


class TestAMoment:
    @pytest.fixture
    async def order(self, book: Book) -> Order:
        """Placed on the 1st; confirmed on the 10th; shipped, on a clock that stepped back, on the 5th."""
        order = from_elsewhere(placed(), LONG_AGO)
        order.change_status("confirmed", at=LONG_AGO + timedelta(days=9))
        order.change_status("shipped", at=LONG_AGO + timedelta(days=4))
        await book.append(product(), order)
        return order

    @pytest.mark.parametrize(
        "moment",
        [
            AtVersion(0),
            AtPosition(0),
            AtPosition(1),
            AtTime(LONG_AGO - timedelta(microseconds=1)),
            RecordedBy(LONG_AGO),
        ],
    )
    async def test_before_its_first_event_it_is_not_there(self, book: Book, order: Order, moment: Moment) -> None:
        with pytest.raises(NotFound):
            await as_of(book, order, moment)

    @pytest.mark.parametrize(
        "moment",
        [AtPosition(10**9), AtTime(datetime.max.replace(tzinfo=UTC)), RecordedBy(datetime.max.replace(tzinfo=UTC))],
    )
    async def test_after_its_last_event_it_is_as_it_is(self, book: Book, order: Order, moment: Moment) -> None:
        assert (await as_of(book, order, moment))["status"] == "shipped"

    async def test_that_is_a_version_it_never_had_says_the_last_one(self, book: Book, order: Order) -> None:
        with pytest.raises(NoSuchVersion) as refused:
            await as_of(book, order, AtVersion(4))
        assert refused.value.facts == {"last_version": 3}

    async def test_between_two_clocks_is_a_state_that_it_was_in(self, book: Book, order: Order) -> None:
        days = [(await as_of(book, order, AtTime(LONG_AGO + timedelta(days=day))))["status"] for day in (4, 8, 9)]
        assert days == ["pending", "pending", "shipped"]

    async def test_of_another_kind_of_thing_shows_none(self, book: Book) -> None:
        pen = product()
        await book.append(pen)
        with pytest.raises(NotFound):
            await past(book).as_of(pen.id, AtVersion(1))

    async def test_tells_how_it_was_fulfilled_and_paid(self, book: Book) -> None:
        order = placed()
        await book.append(moved(order, "confirmed", "shipped"))
        before = await past(book).fulfillment_as_of(order.id, AtVersion(2))
        after = await past(book).fulfillment_as_of(order.id, AtVersion(3))
        told = [Fulfillment.model_validate_json(one.json).fulfillment_status for one in (before, after)]
        assert told == ["unfulfilled", "shipped"]
        payments = PaymentsAnswer.model_validate_json((await past(book).payments_as_of(order.id, AtVersion(1))).json)
        assert (payments.version, payments.payment_status) == (1, "unpaid")


class TestAStranger:
    async def test_finds_nothing_at_any_time(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        stranger, owner = (Caller(one, "default", ("customer",)) for one in (uuid4(), UUID(order.user_id)))
        assert (await as_of(book, order, AtVersion(1), owner))["id"] == str(order.id)
        for moment in (AtVersion(1), AtVersion(0), AtVersion(99), AtPosition(0)):
            with pytest.raises(NotFound, match="no such order"):
                await as_of(book, order, moment, stranger)
        with pytest.raises(NotFound, match="no such order"):
            await past(book, stranger).diff(order.id, AtVersion(9), None)
        with pytest.raises(NotFound, match="no such order"):
            await past(book, stranger).provenance(order.id, None)


class TestADifference:
    async def test_names_who_did_it_and_why(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        await book.append(moved(order, "cancelled"))
        found = await diff(book, order.id, AtVersion(1))
        (change,) = [one for one in found["changes"] if one["field"] == "/status"]
        assert (change["before"], change["after"]) == ("pending", "cancelled")
        event = change["event"]
        assert (event["type"], event["reason"]) == ("daybook.order.cancelled.v1", "as it goes")
        assert event["actor"] == f"system:{order.user_id}"
        assert (event["id"], event["streamversion"]) == (f"{order.id}.2", 2)
        assert event["time"] <= event["recordedtime"]

    async def test_names_lines_and_holds_by_their_ids(self, book: Book) -> None:
        order = placed()
        hold = order.place_hold("ship", "other", None)
        kept = order.place_hold("confirm", "other", None)
        order.release_hold(hold)
        await book.append(order)
        item = order.lines[0]["id"]
        fields = {one["field"] for one in (await diff(book, order.id, AtVersion(0)))["changes"]}
        assert {f"/items/{item}/quantity", f"/holds/{kept}/gate", "/shipping_address/city"} <= fields
        assert not [field for field in fields if hold in field]
        gone = (await diff(book, order.id, AtVersion(3)))["changes"]
        assert {one["field"]: one["after"] for one in gone} | {"/version": 4, "/updated_at": ""} == {
            f"/holds/{hold}/reason": None, f"/holds/{hold}/gate": None, "/version": 4, "/updated_at": "",
        }  # fmt: skip

    async def test_says_nothing_of_what_came_and_went(self, book: Book) -> None:
        order = placed()
        order.readdress(address("Paris"))
        order.readdress({**address("Paris"), "city": "London"})
        await book.append(order)
        fields = {one["field"] for one in (await diff(book, order.id, AtVersion(1), AtVersion(3)))["changes"]}
        assert "/shipping_address/line1" in fields
        assert "/shipping_address/city" not in fields

    async def test_of_a_moment_with_itself_is_empty(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        assert await diff(book, order.id, AtVersion(1)) == {"from": 1, "to": 1, "changes": []}

    async def test_backward_is_refused(self, book: Book) -> None:
        order = placed()
        await book.append(moved(order, "confirmed"))
        with pytest.raises(BackwardDiff) as refused:
            await diff(book, order.id, AtVersion(2), AtVersion(1))
        assert refused.value.facts == {"from": 2, "to": 1}

    async def test_to_before_the_first_event_is_of_nothing(self, book: Book) -> None:
        order = placed()
        await book.append(order)
        with pytest.raises(NotFound):
            await diff(book, order.id, AtVersion(0), AtVersion(0))
