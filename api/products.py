"""The catalogue over HTTP: reading it, and keeping it."""

from fastapi import APIRouter, Request, Response

from api.documentation import answers, documented
from api.door import (
    JSON,
    admitted,
    backend_of,
    consistent,
    identified,
    invalid_cursor,
    parsed,
    performed,
    queried,
)
from api.paging import Paging
from api.permission import AUTHENTICATED
from api.route import DirectRoute
from api.schemas import ProductAnswer, ProductListPage
from commands.add_product import AddProduct, ProductCreate
from commands.change_product import ChangeProduct, ProductChange
from commands.change_stock import ChangeStock, StockChange
from events.opaque import InvalidOpaque
from queries.products import get_product
from queries.products import list_products as page_of_products
from queries.waiting_orders import waiting_orders

router = APIRouter(tags=["catalogue"], route_class=DirectRoute)

_KEY = ("Idempotency-Key",)
_WRITE = ("Idempotency-Key", "If-Match")
_READ = ("Consistency-Token",)


@router.post(
    "/products",
    status_code=201,
    **documented(
        "Add a product",
        permission="catalogue:manage",
        body=ProductCreate,
        answers=answers(201, ProductAnswer, 409),
        headers=_KEY,
    ),
)
async def add_product(request: Request) -> Response:
    """A product with a SKU of its own and its first stock (staff)."""
    guest = admitted(request)
    return await performed(request, guest, AddProduct(await parsed(request, ProductCreate)))


@router.patch(
    "/products/{product_id}",
    **documented(
        "Change a product",
        permission="catalogue:manage",
        body=ProductChange,
        answers=answers(200, ProductAnswer, 404),
        headers=_WRITE,
    ),
)
async def change_product(request: Request) -> Response:
    """Another name or price (staff). Orders that stand keep theirs."""
    guest = admitted(request)
    product_id = identified(request, "product_id")
    return await performed(request, guest, ChangeProduct(product_id, await parsed(request, ProductChange)))


@router.post(
    "/products/{product_id}/stock",
    **documented(
        "Change stock",
        permission="catalogue:manage",
        body=StockChange,
        answers=answers(200, ProductAnswer, 404, 422),
        headers=_WRITE,
    ),
)
async def change_stock(request: Request) -> Response:
    """A receipt (+) or an adjustment (−) of stock (staff); never below what is reserved. What comes in goes to the
    orders that wait for it before anybody else can have it, the oldest first."""
    guest = admitted(request)
    product_id = identified(request, "product_id")
    change = await parsed(request, StockChange)
    waiting = (
        await waiting_orders(backend_of(request).pool, guest.shop.tenant, product_id) if change.quantity > 0 else []
    )
    return await performed(request, guest, ChangeStock(product_id, change, waiting))


@router.get(
    "/products",
    **documented(
        "List products", permission=AUTHENTICATED, query=Paging, answers=answers(200, ProductListPage), headers=_READ
    ),
)
async def list_products(request: Request) -> Response:
    """All products, by SKU."""
    guest = admitted(request)
    wanted = queried(request, Paging)
    shop = guest.shop
    await consistent(request, shop, "catalogue")
    try:
        page = await page_of_products(backend_of(request).pool, shop.tenant, shop.cursors, wanted.cursor, wanted.limit)
    except InvalidOpaque:
        raise invalid_cursor() from None
    return Response(page, media_type=JSON)


@router.get(
    "/products/{product_id}",
    **documented("Read a product", permission=AUTHENTICATED, answers=answers(200, ProductAnswer, 404), headers=_READ),
)
async def read_product(request: Request) -> Response:
    """One product, always current."""
    guest = admitted(request)
    shop = guest.shop
    await consistent(request, shop)
    product = await get_product(shop.repository, shop.reader, identified(request, "product_id"))
    return Response(product.json, headers={"ETag": f'"{product.version}"'}, media_type=JSON)
