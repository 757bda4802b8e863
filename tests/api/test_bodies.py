"""Bodies that are no good: not JSON, not text, too deep, too large. Each is refused, and none hurts the server."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from api.schemas import ProductAnswer
from tests.api.answer import Answer
from tests.api.person import ADDRESS, Json, Person
from tests.api.running import Running

MIB = 1 << 20


async def sends(
    person: Person,
    content: bytes | AsyncIterator[bytes],
    content_type: str | None = "application/json",
    path: str = "/orders",
) -> Answer:
    """Bytes, as they are."""
    headers = {"Authorization": f"Bearer {person.token}"}
    if content_type is not None:
        headers["Content-Type"] = content_type
    before = await person.shop.reader.head()
    response = await person.client.post(path, content=content, headers=headers)
    return Answer(response, [event.type for event in await person.shop.reader.after(before, 100)])


class TestMalformedJson:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b" ",
            b"{",
            b"{'items': []}",
            b'{"items": [],}',
            b'{"items": []} and more',
            b"nonsense",
            b"\x00",
            b"\xff\xfe{\x00}\x00",
            b'{"items": "\xff"}',
            b'{"items": "\\ud800"}',
            b'{"items": 1e}',
            b'{"items": 01}',
            "﻿{}".encode(),
        ],
    )
    async def test_is_refused(self, ada: Person, content: bytes) -> None:
        (await sends(ada, content)).refused(422, "malformed_json")

    @pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
    async def test_that_is_nested_without_end_is_refused(self, ada: Person, bracket: bytes) -> None:
        (await sends(ada, bracket * 100_000)).refused(422, "malformed_json")

    async def test_that_is_nested_deeply_and_closed_is_refused(self, ada: Person) -> None:
        answer = await sends(ada, b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
        answer.refused(422, "malformed_json")


class TestOtherJson:
    @pytest.mark.parametrize("content", [b"[]", b"null", b"7", b'"text"', b"true"])
    async def test_than_an_object_does_not_fit(self, ada: Person, content: bytes) -> None:
        (await sends(ada, content)).invalid(pointer="", error="model_type")

    @pytest.mark.parametrize(
        "number", ["9223372036854775808", "-9223372036854775809", "1" * 400, "1e400", "NaN", "-Infinity"]
    )
    async def test_with_numbers_beyond_all_bounds_is_refused(self, ada: Person, pen: Json, number: str) -> None:
        body = json.dumps(ada.order_of((pen, 1))).replace('"quantity": 1', f'"quantity": {number}')
        answer = await sends(ada, body.encode())
        assert answer.status == 422
        answer.refused(422, answer.body["code"])
        assert answer.body["code"] in ("validation_failed", "malformed_json")


class TestContentTypes:
    @pytest.mark.parametrize(
        "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
    )
    async def test_other_than_json_are_refused(self, ada: Person, pen: Json, content_type: str | None) -> None:
        body = json.dumps(ada.order_of((pen, 1))).encode()
        (await sends(ada, body, content_type)).refused(415, "unsupported_media_type")

    @pytest.mark.parametrize(
        "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.shop+json"]
    )
    async def test_that_are_json_are_taken(self, ada: Person, pen: Json, content_type: str) -> None:
        body = json.dumps(ada.order_of((pen, 1))).encode()
        assert (await sends(ada, body, content_type)).status == 201


class TestNul:
    @pytest.mark.parametrize("field", ["recipient", "line1", "line2", "city", "region", "postal_code", "country"])
    async def test_is_refused_in_an_address(self, ada: Person, field: str) -> None:
        body = {"recipient": "Ada"} | ADDRESS | {field: "a\u0000b"}
        (await ada.posts("/addresses", body)).invalid(pointer=f"/{field}", error="value_error")

    @pytest.mark.parametrize("text", ["\u0000", "a\u0000", "\u001b[31m", "a\u007fb"])
    async def test_and_its_like_are_refused_in_a_reason(self, ada: Person, pen: Json, text: str) -> None:
        order = await ada.places(pen)
        (await ada.cancels(order, text)).invalid(pointer="/reason", error="value_error")

    @pytest.mark.parametrize("field", ["sku", "name", "currency"])
    async def test_is_refused_in_a_product(self, staff: Person, field: str) -> None:
        body = {"sku": "A", "name": "A", "price_cents": 1, "currency": "USD"} | {field: "A\u0000A"}
        (await staff.posts("/products", body)).invalid()

    @pytest.mark.parametrize("field", ["items", "shipping_address_id", "a\u0000b"])
    async def test_is_refused_in_an_order(self, ada: Person, pen: Json, field: str) -> None:
        (await ada.posts("/orders", ada.order_of((pen, 1)) | {field: "\u0000"})).invalid()

    @pytest.mark.parametrize(
        "path", ["/orders?cursor=%00", "/orders?status=%00", "/products?cursor=%00", "/orders/%00"]
    )
    async def test_is_refused_in_an_address_line(self, ada: Person, path: str) -> None:
        answer = await ada.gets(path)
        assert answer.status in (400, 404, 422)
        answer.refused(answer.status, answer.body["code"])


class TestText:
    async def test_in_every_script_is_kept_as_it_is(self, staff: Person, service: Running) -> None:
        name = "Füller — 万年筆 \u202e𝕡𝕖𝕟 🖋️"
        product = await staff.adds_product(name=name)
        read = (await staff.gets(f"/products/{product['id']}")).then(200, ProductAnswer, name=name)
        assert read.body["name"].encode() == name.encode()

    async def test_loses_the_blanks_around_it(self, ada: Person) -> None:
        assert (await ada.adds_address(recipient="  Ada\t\n"))["recipient"] == "Ada"
        (await ada.posts("/addresses", {"recipient": "  "} | ADDRESS)).invalid(
            pointer="/recipient", error="string_too_short"
        )


class TestALargeBody:
    async def test_of_ten_megabytes_is_refused_before_it_is_read(self, service: Running, ada: Person) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(
            b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + ada.token.encode() + b"\r\nContent-Length: 10485760\r\n\r\n"
        )
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 413 ")
        assert b"content-type: application/problem+json" in head.lower()
        async with asyncio.timeout(5):
            body = json.loads(await reader.read())
        assert (body["code"], body["status"], body["instance"]) == ("body_too_large", 413, "/orders")
        writer.close()

    async def test_in_chunks_is_refused_once_it_is_too_large(self, service: Running, ada: Person) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(
            b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + ada.token.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        sent = 0
        answered = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
        while not answered.done() and sent < 10 * MIB:
            writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            sent += 0x10000
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            assert (await answered).startswith(b"HTTP/1.1 413 ")
        assert sent < 3 * MIB, "it is refused as it comes, not when all of it is there"
        writer.close()

    @pytest.mark.parametrize("chunked", [False, True])
    async def test_may_have_one_mebibyte_and_no_byte_more(self, ada: Person, pen: Json, chunked: bool) -> None:
        fits = json.dumps(ada.order_of((pen, 1))).encode().ljust(MIB)

        async def chunks(content: bytes) -> AsyncIterator[bytes]:
            for start in range(0, len(content), 100_000):
                yield content[start : start + 100_000]

        assert (await sends(ada, chunks(fits) if chunked else fits)).status == 201
        with_one_more = fits + b" "
        try:
            answer = await sends(ada, chunks(with_one_more) if chunked else with_one_more)
        except (httpx.WriteError, httpx.ReadError):
            return  # The server answers and hangs up without reading; a client may notice the latter first.
        answer.refused(413, "body_too_large")

    async def test_leaves_the_server_as_it_was(self, ada: Person, pen: Json) -> None:
        await ada.places(pen)


class TestABodyThatBreaksOff:
    @pytest.mark.parametrize("framing", ["chunked", "declared"])
    async def test_is_not_carried_out(self, service: Running, ada: Person, pen: Json, framing: str) -> None:
        body = json.dumps(ada.order_of((pen, 1))).encode()
        before = await ada.shop.reader.head()
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
        head = (
            b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + ada.token.encode() + b"\r\n"
        )
        if framing == "chunked":
            writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n" + f"{len(body):x}\r\n".encode() + body + b"\r\n")
        else:
            writer.write(head + f"Content-Length: {len(body) + 2}\r\n\r\n".encode() + body)
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await asyncio.sleep(0.2)
        assert await ada.shop.reader.head() == before
