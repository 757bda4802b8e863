"""Zenobia, who is forgotten in these tests: a customer who told of herself wherever that could be done."""

from uuid import UUID, uuid4

from api.order_schemas import OrderAnswer
from api.schemas import AccountAnswer
from tests.api.answer import Answer
from tests.api.person import Json, Person
from tests.api.running import Running
from tests.api.test_accounts import accepts
from tests.api.test_login import logs_in


class Zenobia:
    """`mark`: what is in all that she told, and in nobody else's words."""

    def __init__(self, person: Person, mark: str, email: str, access: str) -> None:
        self.person = person
        self.id = person.id
        self.email = email
        self.access = access
        self.mark = mark
        self.orders: list[Json] = []
        self.first_order: Json = {}

    @classmethod
    async def joins(cls, service: Running, admin: Person) -> "Zenobia":
        mark = f"zq{uuid4().hex[:12]}"
        email = f"{mark}@example.com"
        invited = await admin.posts("/accounts", {"email": email, "name": f"Zenobia {mark}", "roles": ["customer"]})
        account = invited.then(201, AccountAnswer).body
        await admin.gets("/accounts", headers={"Consistency-Token": invited.token})
        await accepts(service, service.backend.invitations.make("default", UUID(account["id"])))
        access = (await logs_in(service, email)).body["access_token"]
        person = Person(admin.client, await service.shop(), UUID(account["id"]), access)
        await person.adds_address(recipient=f"Z. {mark}", line1=f"7 {mark} Mews", line2=f"c/o {mark}", city=f"{mark}on")
        return cls(person, mark, email, access)

    async def has_orders(self, staff: Person, pen: Json) -> None:
        """One that was delivered, one that she cancelled; with keys, notes, reasons and another address."""
        self.first_order = self.person.order_of((pen, 1))
        placed = (await self.person.posts("/orders", self.first_order, key=f"place-{self.id}")).body
        elsewhere = (await self.person.adds_address(line1=f"8 {self.mark} Court"))["id"]
        path = f"/orders/{placed['id']}"
        moved = {"shipping_address_id": elsewhere, "reason": f"{self.mark} moved"}
        (await self.person.patches(f"{path}/shipping_address", moved)).then(200, OrderAnswer)
        await staff.posts(f"{path}/notes", {"text": f"{self.mark} rings twice"}, key=f"note-{placed['id']}")
        for status in ("confirmed", "shipped", "delivered"):
            await staff.sets(placed, status, key=f"{status}-{placed['id']}")
        cancelled = await self.person.places(pen)
        (await self.person.cancels(cancelled, reason=f"{self.mark} is broke")).then(200, OrderAnswer)
        self.orders = [placed, cancelled]


async def erases(admin: Person, person_id: UUID, *, force: bool = False, key: str | None = None) -> Answer:
    body = {"reason": "customer_request"} | ({"force": True} if force else {})
    return await admin.posts(f"/customers/{person_id}/erasure", body, key=key)
