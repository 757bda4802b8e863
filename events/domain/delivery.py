"""A delivery: something that was done in the world because of the log, on a stream of its own."""

from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event


def confirmation_id(order_id: UUID) -> UUID:
    """The id of an order's confirmation: of its delivery, its stream, and the mail's Message-ID."""
    return uuid5(order_id, "order-confirmation")


class Confirmation(Aggregate):
    """The confirmation mail of one order. Its event is about the order, but never moves the order's version."""

    class Sent(Aggregate.Created):
        order_id: str
        message_id: str
        attempts: int

    @event(Sent)
    def __init__(self, order_id: str, message_id: str, attempts: int) -> None:
        self.order_id = order_id
        self.message_id = message_id
        self.attempts = attempts

    @classmethod
    def sent(cls, order_id: UUID, *, message_id: str, attempts: int) -> "Confirmation":
        """The mail went out, at the so-many-th attempt."""
        return cls._create(
            cls.Sent,
            id=confirmation_id(order_id),
            order_id=str(order_id),
            message_id=message_id,
            attempts=attempts,
        )
