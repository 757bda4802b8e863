"""A delivery has a stream of its own."""

from uuid import UUID

from events.domain.delivery import Confirmation, confirmation_id

ORDER = UUID(int=1)


def test_its_id_follows_from_the_order() -> None:
    sent = Confirmation.sent(ORDER, message_id="<a@b>", attempts=2)
    assert sent.id == confirmation_id(ORDER)
    assert sent.id != ORDER
    assert (sent.order_id, sent.message_id, sent.attempts) == (str(ORDER), "<a@b>", 2)


def test_each_order_has_another() -> None:
    assert confirmation_id(ORDER) != confirmation_id(UUID(int=2))
