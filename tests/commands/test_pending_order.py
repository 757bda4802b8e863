"""What can be asked of an order that was placed."""

import pytest

from commands.change_order_status import ChangeOrderStatus
from commands.command import NotYours, VersionMismatch
from events.domain import order_events as happened
from events.domain.order import IllegalTransition
from events.domain.refusal import NotFound
from tests.commands.asking import cancel, change_to
from tests.commands.shop import ADA, HELD, ada, auditor, ben, pending, shop, staff, step


class TestConfirming:
    def test_staff_confirm_it(self) -> None:
        decision = pending.when(change_to("confirmed"), by=staff).then(step(happened.Confirmed))
        assert (decision.status, decision.version, decision.stock) == (200, 2, {})
        assert decision.person == decision.owner == ADA

    def test_the_reason_is_kept(self) -> None:
        pending.when(change_to("confirmed", "paid by bank"), by=staff).then(step(happened.Confirmed, "paid by bank"))

    def test_at_the_version_that_was_seen(self) -> None:
        pending.when(change_to("confirmed"), by=staff, if_match=1).then(step(happened.Confirmed))

    def test_not_at_another_version(self) -> None:
        asked = pending.when(change_to("confirmed"), by=staff, if_match=2)
        asked.then_refused(VersionMismatch, current_version=1)

    def test_one_that_is_not_there(self) -> None:
        shop.when(change_to("confirmed"), by=staff).then_refused(NotFound)

    def test_another_stream_is_not_an_order(self) -> None:
        command = ChangeOrderStatus(ADA, change_to("confirmed").change)
        pending.when(command, by=staff).then_refused(NotFound)


class TestCancelling:
    def test_its_owner_cancels_it_and_its_stock_comes_back(self) -> None:
        decision = pending.when(cancel("mistake"), by=ada).then(step(happened.Cancelled, "mistake"))
        assert decision.stock == HELD

    def test_staff_cancel_it(self) -> None:
        decision = pending.when(cancel("no such street"), by=staff).then(step(happened.Cancelled, "no such street"))
        assert decision.stock == HELD

    def test_as_a_status_it_releases_the_stock_as_well(self) -> None:
        decision = pending.when(change_to("cancelled", "fraud"), by=staff).then(step(happened.Cancelled, "fraud"))
        assert decision.stock == HELD

    def test_for_another_customer_it_is_not_there(self) -> None:
        pending.when(cancel(), by=ben).then_refused(NotFound)

    def test_who_may_only_read_it_does_not_cancel_it(self) -> None:
        pending.when(cancel(), by=auditor).then_refused(NotYours)

    def test_not_at_another_version(self) -> None:
        pending.when(cancel(), by=ada, if_match=7).then_refused(VersionMismatch, current_version=1)


class TestExpiring:
    def test_an_unpaid_order_expires_and_its_stock_comes_back(self) -> None:
        decision = pending.when(change_to("expired"), by=staff).then(step(happened.Expired))
        assert decision.stock == HELD


class TestRefusing:
    def test_what_it_is_already_changes_nothing(self) -> None:
        decision = pending.when(change_to("pending"), by=staff).then_nothing()
        assert (decision.status, decision.version, decision.stock) == (200, 1, {})
        assert [order.version for order in decision.read] == [1]

    @pytest.mark.parametrize("status", ["shipped", "delivered", "returned"])
    def test_it_takes_no_step_out_of_turn(self, status: str) -> None:
        pending.when(change_to(status), by=staff).then_refused(
            IllegalTransition,
            status_now="pending",
            allowed_statuses=["confirmed", "cancelled", "expired"],
        )
