"""A payment provider's reference: whose payment it is."""

from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, event


class PaymentReference(Aggregate):
    """A reference's claim: its stream has the reference's own id, so that only one order can ever have it."""

    class Claimed(Aggregate.Created):
        psp_reference: str
        order_id: str
        payment_id: str

    @event(Claimed)
    def __init__(self, psp_reference: str, order_id: str, payment_id: str) -> None:
        self.psp_reference = psp_reference
        self.order_id = order_id
        self.payment_id = payment_id

    @staticmethod
    def id_of(tenant: str, psp_reference: str) -> UUID:
        """The id that a reference's claim has in a shop."""
        return uuid5(NAMESPACE_URL, f"urn:daybook:{tenant}:payment:{psp_reference}")

    @classmethod
    def claim(cls, tenant: str, psp_reference: str, order_id: UUID, payment_id: str) -> "PaymentReference":
        """Claim a reference for a payment of an order."""
        claim_id = cls.id_of(tenant, psp_reference)
        return cls._create(
            cls.Claimed, id=claim_id, psp_reference=psp_reference, order_id=str(order_id), payment_id=payment_id
        )
