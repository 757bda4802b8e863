"""The payment provider, as the rest of the service knows it: who is asked to move money, and how that can end."""

from typing import Protocol
from uuid import UUID


class PaymentRefused(Exception):
    """The provider will never do it. `code` says why (snake_case, such as `refund_exceeds_captured`)."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the payment provider refuses: {code}")
        self.code = code


class ProviderUnavailable(Exception):
    """Whether it was taken is not known: the same request, under the same id, is to be made again."""


class ProviderKeyRefused(ProviderUnavailable):
    """The provider does not know our key. It is to be tried again, for an operator can put that right."""


class PaymentProvider(Protocol):
    """Takes requests about authorized payments. What comes of them it tells by webhooks, naming `request_id`.

    `psp_reference`: the provider's name of the payment. `amount_cents`: minor units of `currency` (ISO 4217).
    `request_id`: of this capture, refund or void; however often it is asked for under it, it happens once.
    Each returns when the request was taken. Raises PaymentRefused, which is final, or ProviderUnavailable.
    """

    async def capture(self, psp_reference: str, amount_cents: int, currency: str, request_id: UUID) -> None:
        """Take money that is authorized."""

    async def refund(self, psp_reference: str, amount_cents: int, currency: str, request_id: UUID) -> None:
        """Give captured money back."""

    async def void(self, psp_reference: str, request_id: UUID) -> None:
        """Let go of what is authorized and not captured."""
