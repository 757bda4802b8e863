"""A payment provider that is asked over HTTP.

    POST {base}/v1/payments/{psp_reference}/captures | refunds | voids
    {id, amount, currency} (a void: {id}); Authorization: Bearer <key>; Idempotency-Key: <id>

2xx: taken. 409, 422 with `{code, message}`, and 404 with a code: refused for good. All else: to be made again, for
an answer that is not in the provider's own words comes from something that stands between.
"""

import asyncio
import re
from http import HTTPStatus
from typing import Final
from urllib.parse import quote
from uuid import UUID

import httpx

from consumers.payment_provider import PaymentProvider, PaymentRefused, ProviderKeyRefused, ProviderUnavailable

_UNKNOWN_PAYMENT = "unknown_payment"
_KEY = re.compile(r"[!-~]{1,512}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


class HttpPaymentProvider(PaymentProvider):
    """Makes requests at once, over connections that are kept. `close()` it, on the loop it was used on."""

    def __init__(self, base: str, key: str, *, timeout: float = 5.0, at_once: int = 32) -> None:
        """`base`: http(s)://host[:port][/path]. `timeout`: seconds, from asking to the whole answer.

        Raises ValueError, without the key, when the key cannot stand in a header.
        """
        if not _KEY.fullmatch(key):
            raise ValueError("a payment provider's key is made of visible ASCII characters")
        self._base: Final = base.rstrip("/")
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}", "User-Agent": "daybook"},
            # One limit for all of it, below: the client's own are for a step each, and a slow answer has many.
            timeout=httpx.Timeout(None),
            limits=httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once),
            # What is on this machine is not behind a proxy, whatever the environment says.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )

    async def capture(self, psp_reference: str, amount_cents: int, currency: str, request_id: UUID) -> None:
        """POST …/captures."""
        await self._ask(psp_reference, "captures", request_id, amount=amount_cents, currency=currency)

    async def refund(self, psp_reference: str, amount_cents: int, currency: str, request_id: UUID) -> None:
        """POST …/refunds."""
        await self._ask(psp_reference, "refunds", request_id, amount=amount_cents, currency=currency)

    async def void(self, psp_reference: str, request_id: UUID) -> None:
        """POST …/voids."""
        await self._ask(psp_reference, "voids", request_id)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, psp_reference: str, what: str, request_id: UUID, **content: str | int) -> None:
        if not psp_reference.strip("."):
            # In a path it would lead elsewhere.
            raise PaymentRefused(_UNKNOWN_PAYMENT)
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client.post(
                    f"{self._base}/v1/payments/{quote(psp_reference, safe='')}/{what}",
                    json={"id": str(request_id), **content},
                    headers={"Idempotency-Key": str(request_id)},
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            # Only what kind it was: a library's text may hold any part of the request.
            raise ProviderUnavailable(f"the payment provider cannot be asked: {type(error).__name__}") from None
        _judge(answer)


def _judge(answer: httpx.Response) -> None:
    """Return when the request was taken. Raises PaymentRefused or ProviderUnavailable."""
    if answer.is_success:
        return
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise ProviderKeyRefused(f"the payment provider does not take our key ({answer.status_code})")
    code = _code(answer)
    if code is not None and answer.status_code == HTTPStatus.NOT_FOUND:
        raise PaymentRefused(_UNKNOWN_PAYMENT)
    if code is not None and answer.status_code in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY):
        raise PaymentRefused(code)
    raise ProviderUnavailable(f"the payment provider answered {answer.status_code}")


def _code(answer: httpx.Response) -> str | None:
    """The code in a refusal, when it is one: only then may it be stored and shown."""
    try:
        content = answer.json()
    except ValueError:
        return None
    code = content.get("code") if isinstance(content, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None
