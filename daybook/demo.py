"""Demo data: accounts, an address for each customer, and a catalogue with stock. Loading it twice changes nothing."""

import contextlib
from uuid import NAMESPACE_URL, UUID, uuid5

from api.passwords import hash_password
from commands.add_address import AddAddress, AddressCreate
from commands.add_product import AddProduct, ProductCreate, SkuTaken
from commands.invite_account import AccountCreate, EmailTaken
from commands.register_customer import RegisterCustomer
from daybook.accounts import handle, is_open, open_account
from daybook.settings import Settings
from daybook.shop import Shop
from daybook.wiring import open_service
from events.domain.customer import Customer
from queries.list_addresses import list_addresses

TENANT = "default"
PASSWORD = "daybook-demo"  # noqa: S105 - it is printed at every start

ACCOUNTS = {
    "ada@example.com": ("Ada Lovelace", "customer"),
    "ben@example.com": ("Ben Ohara", "customer"),
    "staff@example.com": ("Sam Staff", "staff"),
    "auditor@example.com": ("Audrey Auditor", "auditor"),
    "admin@example.com": ("Alex Admin", "admin"),
}
"""Mail address → name and role."""

ADDRESSES = {
    "ada@example.com": AddressCreate(
        recipient="Ada Lovelace",
        line1="12 St James's Square",
        city="London",
        postal_code="SW1Y 4JH",
        country="GB",
    ),
    "ben@example.com": AddressCreate(
        recipient="Ben Ohara",
        line1="3 Harbour Road",
        line2="Flat 5",
        city="Galway",
        postal_code="H91 E2K3",
        country="IE",
    ),
}

PRODUCTS = [
    ("INK-BLK-50", "Iron gall ink, black, 50 ml", 1450),
    ("INK-BLU-50", "Fountain pen ink, blue, 50 ml", 1250),
    ("INK-RED-30", "Drawing ink, vermilion, 30 ml", 990),
    ("PEN-FNT-F", "Fountain pen, fine nib", 6900),
    ("PEN-FNT-M", "Fountain pen, medium nib", 6900),
    ("PEN-DIP-SET", "Dip pen set, six nibs", 2400),
    ("NIB-STL-12", "Steel nibs, a dozen", 780),
    ("LED-A5-96", "Ledger, A5, 96 leaves", 1890),
    ("LED-A4-192", "Ledger, A4, 192 leaves", 3450),
    ("DAY-A5-26", "Daybook for the year, A5", 2250),
    ("DAY-A6-26", "Daybook for the year, pocket", 1650),
    ("JRN-DOT-A5", "Journal, dotted, A5", 1590),
    ("JRN-LIN-A5", "Journal, lined, A5", 1590),
    ("BLT-A4-10", "Blotting paper, A4, ten sheets", 490),
    ("PAP-LTR-100", "Laid letter paper, a hundred sheets", 2150),
    ("ENV-C6-50", "Envelopes, C6, fifty", 1190),
    ("SEA-WAX-RD", "Sealing wax, red, four sticks", 1320),
    ("SEA-STMP-A", "Brass seal, one initial", 2780),
    ("RUL-BRS-30", "Ruler, brass, 30 cm", 1990),
    ("PCL-HB-12", "Pencils, HB, a dozen", 960),
    ("ERS-SFT-3", "Erasers, soft, three", 350),
    ("CSE-PEN-3", "Pen case for three, leather", 4250),
    ("DSK-TRY-OAK", "Desk tray, oak", 5400),
    ("LMP-DSK-BRS", "Desk lamp, brass", 12900),
]
"""SKU, name, price in US cents."""

STOCK = 100_000


async def load_demo(settings: Settings) -> None:
    """Load what is not there yet."""
    async with open_service(settings, "daybook demo") as service:
        shop = await service.shop(TENANT)
        password_hash = None
        for email, (name, role) in ACCOUNTS.items():
            account_id = uuid5(NAMESPACE_URL, f"urn:daybook:{TENANT}:account:{email}")
            await handle(shop, account_id, RegisterCustomer(account_id, name, email))
            if await _is_forgotten(shop, account_id):
                continue
            if email in ADDRESSES and not await list_addresses(shop.repository, account_id):
                await handle(shop, account_id, AddAddress(ADDRESSES[email]))
            if not await is_open(shop, account_id):
                password_hash = password_hash or hash_password(PASSWORD)
                wanted = AccountCreate.model_validate({"email": email, "name": name, "roles": [role]})
                with contextlib.suppress(EmailTaken):
                    await open_account(service, shop, wanted, password_hash, account_id)
        system = UUID(int=0)
        for sku, name, price in PRODUCTS:
            product = ProductCreate(sku=sku, name=name, price_cents=price, stock=STOCK)
            try:
                await handle(shop, system, AddProduct(product))
            except SkuTaken:
                continue


async def _is_forgotten(shop: Shop, account_id: UUID) -> bool:
    """Whether someone tried that out on this account: then it stays so."""
    customer = (await shop.repository.get([account_id]))[account_id]
    return isinstance(customer, Customer) and customer.erased
