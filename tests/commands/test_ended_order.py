"""What can be asked of an order that was cancelled, or has expired: nothing."""

import pytest

from events.caller import Caller
from events.domain.order import IllegalTransition
from tests.commands.asking import cancel, change_to
from tests.commands.shop import ada, cancelled, expired, staff


class TestCancelled:
    @pytest.mark.parametrize("who", [ada, staff])
    def test_cancelling_it_again_changes_nothing_and_releases_nothing(self, who: Caller) -> None:
        decision = cancelled.when(cancel("again"), by=who).then_nothing()
        assert (decision.version, decision.stock) == (2, {})

    def test_neither_does_the_same_status(self) -> None:
        assert cancelled.when(change_to("cancelled"), by=staff).then_nothing().stock == {}

    @pytest.mark.parametrize("status", ["pending", "confirmed", "shipped", "delivered", "returned", "expired"])
    def test_it_stays_so(self, status: str) -> None:
        asked = cancelled.when(change_to(status), by=staff)
        asked.then_refused(IllegalTransition, status_now="cancelled", allowed_statuses=[])


class TestExpired:
    @pytest.mark.parametrize("status", ["pending", "confirmed", "shipped", "delivered", "returned", "cancelled"])
    def test_it_stays_so(self, status: str) -> None:
        asked = expired.when(change_to(status), by=staff)
        asked.then_refused(IllegalTransition, status_now="expired", allowed_statuses=[])

    def test_it_is_not_cancelled(self) -> None:
        asked = expired.when(cancel(), by=staff)
        asked.then_refused(IllegalTransition, status_now="expired", allowed_statuses=[])

    def test_expiring_again_releases_nothing(self) -> None:
        assert expired.when(change_to("expired"), by=staff).then_nothing().stock == {}
