"""The floor: what FastAPI alone costs for `POST /orders`. The same body model, the token's signature checked (HS256) at
every request, an answer of the same shape, the same server with the same flags, and no database. It remembers nothing,
and stays what it is when our own way through the door gets shorter.

`python -m bench.floor PORT`, with DAYBOOK_SECRET in the environment.
"""

import os
import sys
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from uuid_utils.compat import uuid7

from api.order_schemas import OrderAnswer, OrderLine
from api.schemas import ShippingAddress
from api.tokens import InvalidToken, Tokens
from commands.place_order import OrderCreate
from daybook.api_process import UVICORN
from events.caller import Caller

PRICE_CENTS = 1_495
_ADDRESS = ShippingAddress(
    recipient="Ada Lovelace", line1="12 St James's Square", city="London", postal_code="SW1Y 4JH", country="GB"
)

_bearer = HTTPBearer()
app = FastAPI(title="Floor")


async def caller_of(request: Request, credentials: Annotated[HTTPAuthorizationCredentials, Depends(_bearer)]) -> Caller:
    """Who asks, by the token."""
    tokens: Tokens = request.app.state.tokens
    try:
        return tokens.check(credentials.credentials).caller
    except InvalidToken:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None


@app.post("/orders", status_code=201)
async def place_order(order: OrderCreate, caller: Annotated[Caller, Depends(caller_of)]) -> OrderAnswer:
    """An order that nobody remembers."""
    items = [_line(item.product_id, item.quantity) for item in order.items]
    total = sum(item.line_total_cents for item in items)
    now = datetime.now(UTC)
    return OrderAnswer(
        id=uuid7(),
        number="7K3M9QF",
        user_id=caller.subject,
        status="pending",
        fulfillment_status="unfulfilled",
        return_status="none",
        payment_status="unpaid",
        holds=[],
        items=items,
        shipping_cents=0,
        total_cents=total,
        currency="USD",
        total_usd=f"{total / 100:.2f}",
        shipping_address=_ADDRESS,
        payment_terms="offline",
        expires_at=None,
        version=1,
        allowed_statuses=["confirmed", "cancelled", "expired"],
        allowed_actions=["cancel", "change_address", "add_note"],
        created_at=now,
        updated_at=now,
    )


@app.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


def _line(product_id: UUID, quantity: int) -> OrderLine:
    return OrderLine(
        id=uuid7(),
        product_id=product_id,
        product_name="Ware",
        quantity=quantity,
        price_cents=PRICE_CENTS,
        discount_cents=0,
        line_total_cents=PRICE_CENTS * quantity,
    )


def main(port: int) -> None:
    """Serve until SIGTERM."""
    app.state.tokens = Tokens(os.environ["DAYBOOK_SECRET"])
    uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, **UVICORN)).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
