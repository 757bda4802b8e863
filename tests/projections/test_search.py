"""Words by which orders are found: given what happened, the rows of the search read model."""

from uuid import UUID, uuid4

from events.domain.customer import Customer
from events.domain.order import Order
from events.search_words import words_of
from projections.search import forget_search
from tests.projections.book import Book
from tests.projections.business import line, placed, product


async def words(book: Book, order: Order, *, personal: bool | None = None) -> set[str]:
    """The words of one order, all or only those that are personal or are not."""
    rows = await book.rows(
        "SELECT word FROM order_search s JOIN order_list USING (tenant_id, placed_at, position) "
        "WHERE s.tenant_id = $1 AND order_id = $2 AND ($3::bool IS NULL OR personal = $3)",
        order.id,
        personal,
    )
    return {word for (word,) in rows}


async def test_names_and_mail_addresses_are_kept_apart(book: Book) -> None:
    customer = Customer.add(uuid4(), name="Ada Pen", email="ada@mail.example")
    pen = product("P-1", name="Fountain pen")
    order = placed(customer.id, line(pen), number="7K3")
    await book.given(customer, pen, order)
    # `pen` is a product's name as well: knowing it tells nothing of a person.
    assert await words(book, order, personal=False) == {"7k3", "fountain", "pen", "p1"}
    assert await words(book, order, personal=True) == {"ada", "lovelace", "adamailexample"}


async def test_who_is_forgotten_is_found_by_numbers_and_products_alone(book: Book) -> None:
    ada, ben = (Customer.add(uuid4(), name=name, email=f"{name}@mail.example") for name in ("ada", "ben"))
    orders, other = [placed(ada.id), placed(ada.id)], placed(ben.id)
    await book.given(ada, ben, *orders, other)
    async with book.pool.acquire() as connection, connection.transaction():
        await forget_search(connection, book.tenant, ada.id)
    for order in orders:
        assert await words(book, order, personal=True) == set()
        assert await words(book, order) >= {order.number.lower(), "fountain", "pen"}
    assert "benmailexample" in await words(book, other)


async def test_whose_key_is_gone_leaves_no_words(book: Book) -> None:
    customer = Customer.add(uuid4(), name="Ada Byron", email="ada@mail.example")
    order = placed(customer.id)
    await book.append(customer, order)
    book.shop.codec.keyring._keys[customer.id] = None
    await book.post()
    assert await words(book, order) == {order.number.lower()} | words_of("Fountain pen")


async def test_an_order_whose_customer_is_unknown_has_its_recipients_words(book: Book) -> None:
    order = placed()
    await book.given(order)
    assert await words(book, order, personal=True) == {"ada", "lovelace"}


async def test_what_is_told_event_by_event_is_what_is_told_at_once(book: Book) -> None:
    order = placed(number="7K3")
    for step in (
        lambda: None,
        lambda: order.change_status("confirmed"),
        lambda: order.readdress({"recipient": "Grace", "line1": "1", "city": "X", "country": "US"}),
        lambda: order.ship(None, tracking="1Z-9"),
    ):
        step()
        await book.given(order)
    assert await words(book, order) == {"7k3", "fountain", "pen", "grace", "1z9"}
    at_once = placed(UUID(order.user_id), number="7K3")
    at_once.change_status("confirmed")
    at_once.readdress({"recipient": "Grace", "line1": "1", "city": "X", "country": "US"})
    at_once.ship(None, tracking="1Z-9")
    await book.given(at_once)
    assert await words(book, at_once) == await words(book, order)
