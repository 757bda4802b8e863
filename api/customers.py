"""Forgetting a customer over HTTP, for admins."""

from fastapi import APIRouter, Request, Response

from api.documentation import answers, documented
from api.door import admitted, answered, backend_of, carried_out, command_request, identified, parsed
from api.route import DirectRoute
from api.schemas import ErasureAnswer
from commands.erase_customer import EraseCustomer, ErasureRequest
from events.domain.account import Account
from queries.erasures import is_forgotten, orders_under_way

router = APIRouter(tags=["customers"], route_class=DirectRoute)

PATIENCE = 5.0
"""Seconds for which the answer waits until it is done. It will be done in any case."""


@router.post(
    "/customers/{customer_id}/erasure",
    **documented(
        "Forget a customer",
        permission="customers:erase",
        body=ErasureRequest,
        answers=answers(200, ErasureAnswer, 404, 409) | answers(202, ErasureAnswer),
        headers=("Idempotency-Key",),
    ),
)
async def erase(request: Request) -> Response:
    """Destroy the key of a person's data, for good (admins). 200 when nothing of it can be read any more; 202 with the
    same answer while that is still under way. Again changes nothing. Where orders are under way it is refused with
    `open_orders`, unless `force` is true: then they lose their address, too."""
    guest = admitted(request)
    customer_id = identified(request, "customer_id")
    wanted = await parsed(request, ErasureRequest)
    shop, pool = guest.shop, backend_of(request).pool
    account_id = Account.id_of(customer_id)
    account = (await shop.repository.refresh([account_id]))[account_id]
    email = account.email if isinstance(account, Account) else None
    claim_id = None if email is None else await shop.mail_claims.id_of(email)
    orders = () if wanted.force else await orders_under_way(pool, shop.tenant, customer_id)
    command = EraseCustomer(customer_id, wanted, claim_id, orders)
    answer = await carried_out(guest, command, command_request(request, guest.caller))
    response = answered(answer, shop.positions)
    if not await is_forgotten(pool, shop.tenant, customer_id, patience=PATIENCE):
        response.status_code = 202
    # The other processes are told by the projection; this one drops what it has before it says that it is done.
    await shop.codec.keyring.forget_erased()
    shop.repository.forget()
    return response
