"""The OpenAPI document: valid, whole, and in agreement with what the service does."""

import pkgutil
import re
from importlib import import_module
from typing import Any

import pytest
from openapi_spec_validator import validate

import api
from tests.api.running import Running

WITH_A_BODY = {
    ("/auth/login", "post"): "Login",
    ("/orders", "post"): "OrderCreate",
    ("/customers/{customer_id}/erasure", "post"): "ErasureRequest",
    ("/orders/batch", "post"): "OrderBatch",
    ("/orders/status", "post"): "BulkStatusChange",
    ("/orders/{order_id}/status", "patch"): "StatusChange",
    ("/orders/{order_id}/shipping_address", "patch"): "ShippingAddressChange",
    ("/orders/{order_id}/holds", "post"): "HoldCreate",
    ("/orders/{order_id}/notes", "post"): "NoteCreate",
    ("/orders/{order_id}/payments", "post"): "PaymentCreate",
    ("/orders/{order_id}/payments/{payment_id}/captures", "post"): "CaptureCreate",
    ("/orders/{order_id}/refunds", "post"): "RefundCreate",
    ("/webhooks/payments/{tenant}", "post"): "ProviderEvent",
    ("/orders/{order_id}/cancellation", "post"): "Cancellation",
    ("/orders/{order_id}/shipments", "post"): "ShipmentCreate",
    ("/orders/{order_id}/returns", "post"): "ReturnCreate",
    ("/orders/{order_id}/returns/{return_id}/receipt", "post"): "Receipt",
    ("/products", "post"): "ProductCreate",
    ("/products/{product_id}", "patch"): "ProductChange",
    ("/products/{product_id}/stock", "post"): "StockChange",
    ("/addresses", "post"): "AddressCreate",
    ("/accounts", "post"): "AccountCreate",
    ("/accounts/{account_id}", "patch"): "AccountChange",
    ("/auth/invitations/accept", "post"): "Acceptance",
    ("/auth/password", "post"): "PasswordChange",
}

STATIC = ("/audit/key", "/audit/tile")
"""What never changes once it is there."""

PLAIN = (*STATIC, "/audit/checkpoint", "/audit/orders/{order_id}/receipt")
"""What is no JSON."""

Operation = dict[str, Any]


@pytest.fixture
async def document(service: Running) -> dict[str, Any]:
    return dict((await service.client.get("/openapi.json")).json())


def operations(document: dict[str, Any]) -> dict[tuple[str, str], Operation]:
    return {(path, method): operation for path, item in document["paths"].items() for method, operation in item.items()}


def parameters(operation: Operation, place: str) -> set[str]:
    return {one["name"] for one in operation.get("parameters", []) if one["in"] == place}


async def test_is_valid(document: dict[str, Any]) -> None:
    validate(document)


async def test_describes_every_route(document: dict[str, Any]) -> None:
    rooms = [import_module(f"api.{module.name}") for module in pkgutil.iter_modules(api.__path__)]
    served = {
        (route.path_format, method.lower())
        for room in rooms
        for route in (room.router.routes if hasattr(room, "router") else ())
        for method in route.methods
    }
    assert set(operations(document)) == served


async def test_describes_every_body_and_no_more(document: dict[str, Any]) -> None:
    described = {
        at: operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        for at, operation in operations(document).items()
        if "requestBody" in operation
    }
    assert described == WITH_A_BODY
    for name in described.values():
        schema = document["components"]["schemas"][name]
        # A provider may tell more than we ask for, and begin to at any time.
        assert schema.get("additionalProperties", True) is (name == "ProviderEvent"), name


async def test_names_what_stands_in_each_path(document: dict[str, Any]) -> None:
    for (path, _), operation in operations(document).items():
        assert parameters(operation, "path") == set(re.findall(r"{(\w+)}", path)), path


async def test_names_the_headers_that_writes_and_reads_take(document: dict[str, Any]) -> None:
    for (path, method), operation in operations(document).items():
        headers = parameters(operation, "header")
        if path.startswith(("/webhooks", "/livez", "/readyz", "/metrics", *STATIC)):
            continue
        if path.startswith("/auth") and method != "get":
            continue
        if method in ("post", "patch", "delete"):
            assert "Idempotency-Key" in headers, path
            # Who is forgotten is so at whatever version.
            assert ("If-Match" in headers) == ("{" in path and not path.endswith("/erasure")), path
        else:
            assert "Consistency-Token" in headers, path


async def test_names_the_parameters_of_lists(document: dict[str, Any]) -> None:
    described = {
        path: parameters(operation, "query")
        for (path, _), operation in operations(document).items()
        if parameters(operation, "query")
    }
    assert described == {
        "/orders": {
            *("status", "payment_status", "fulfillment_status", "user_id", "placed_from", "placed_to", "q", "sort"),
            *("as_of", "as_of_recorded", "facets", "limit", "cursor", "page", "per_page"),
        },
        "/stats/sales": {"by", "from", "to", "limit", "cursor"},
        "/orders/{order_id}": {"as_of", "as_of_recorded"},
        "/orders/{order_id}/fulfillment": {"as_of", "as_of_recorded"},
        "/orders/{order_id}/payments": {"as_of", "as_of_recorded"},
        "/orders/{order_id}/provenance": {"as_of", "as_of_recorded"},
        "/orders/{order_id}/diff": {"from", "to"},
        "/products": {"limit", "cursor"},
        "/accounts": {"limit", "cursor"},
        "/events": {
            *("after", "until", "limit", "type", "stream", "subject", "correlation", "recorded_from", "recorded_to"),
            *("personal", "reason"),
        },
        "/audit/reads": {"limit", "cursor"},
        "/audit/proofs/inclusion": {"index", "size"},
        "/audit/proofs/consistency": {"from", "to"},
        "/audit/orders/{order_id}/receipt": {"version"},
    }


async def test_gives_every_operation_a_shape_for_success_and_for_failure(document: dict[str, Any]) -> None:
    for (path, method), operation in operations(document).items():
        if path in ("/livez", "/readyz", "/metrics"):
            continue
        responses = operation["responses"]
        success = [code for code in responses if code.startswith("2")]
        # An erasure that is still under way is answered as it will be.
        assert len(success) == 1 + path.endswith("/erasure"), (path, method)
        if success == ["204"]:
            continue
        content = responses[success[0]]["content"]
        if path.startswith(PLAIN):
            assert content.keys() & {"text/plain", "application/octet-stream"}, (path, method)
        else:
            assert "$ref" in content["application/json"]["schema"], (path, method)
        assert "application/problem+json" in responses["default"]["content"], (path, method)
        assert operation["summary"], (path, method)


async def test_says_where_a_token_is_asked_for(document: dict[str, Any]) -> None:
    public = {path for (path, _), operation in operations(document).items() if not operation.get("security")}
    assert public == {
        "/auth/login",
        "/auth/refresh",
        "/auth/logout",
        "/auth/invitations/accept",
        "/webhooks/payments/{tenant}",
        "/livez",
        "/readyz",
        "/metrics",
    }
    assert document["components"]["securitySchemes"]["bearer"] == {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
    }  # fmt: skip


async def test_gives_every_operation_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names)
