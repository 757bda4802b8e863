"""A line of an import file: what it may say, and when two say the same."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.commands.past import ADDRESS, LINE, past


class TestFingerprint:
    @pytest.mark.parametrize(
        "other",
        [
            {"shipping_cents": None},
            {"currency": "EUR"},
            {"items": LINE["items"][:1]},
            {"items": LINE["items"][::-1]},
            {"history": LINE["history"][:2]},
            {"customer": LINE["customer"] | {"name": "Vins"}},
            {"shipping_address": ADDRESS | {"line2": "b"}},
        ],
    )
    def test_what_is_other_content(self, other: dict[str, Any]) -> None:
        assert past(**other).fingerprint() != past().fingerprint()

    @pytest.mark.parametrize(
        "same",
        [
            {"items": [LINE["items"][0], LINE["items"][1] | {"discount_cents": 0}]},
            {"items": [LINE["items"][0], LINE["items"][1] | {"discount_cents": None}]},
            {"shipping_address": ADDRESS | {"line2": None, "region": None}},
            {"history": [LINE["history"][0] | {"at": "1996-07-03T19:00:00-05:00"}, *LINE["history"][1:]]},
            {"reference": "  NW-1 "},
        ],
    )
    def test_what_is_the_same_content(self, same: dict[str, Any]) -> None:
        assert past(**same).fingerprint() == past().fingerprint()

    def test_a_fingerprint_is_for_ever(self) -> None:
        """It is in the log: another way to take it would report every order ever imported as changed."""
        assert past().fingerprint() == "a4d1198b3fdea42de72585677df5b257"


def _item(**changes: Any) -> dict[str, Any]:
    return {"items": [LINE["items"][0] | changes]}


def _history(*entries: tuple[str, object]) -> dict[str, Any]:
    return {"history": [{"status": status, "at": at} for status, at in entries]}


class TestWhatMakesNoSense:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"reference": ""},
            {"reference": None},
            {"reference": 10248},
            {"reference": "a\x00"},
            {"reference": "x" * 201},
            {"customer": None},
            {"customer": LINE["customer"] | {"email": "nobody"}},
            {"customer": LINE["customer"] | {"email": "a@b\x1bc"}},
            {"customer": LINE["customer"] | {"phone": "1"}},
            {"currency": "dollars"},
            {"currency": None},
            {"items": []},
            {"items": None},
            {"items": [LINE["items"][0]] * 1001},
            {"shipping_cents": -1},
            {"shipping_cents": 2**63},
            {"shipping_cents": 1.5},
            {"shipping_address": ADDRESS | {"city": ""}},
            {"shipping_address": None},
            {"note": "please"},
        ],
    )
    def test_orders(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            past(**wrong)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"quantity": 0},
            {"quantity": -1},
            {"quantity": 1.0},
            {"quantity": "1"},
            {"quantity": True},
            {"quantity": 2**63},
            {"quantity": None},
            {"price_cents": -1},
            {"price_cents": 10**12 + 1},
            {"discount_cents": -1},
            {"discount_cents": 130 * 5000 + 1},
            {"sku": " "},
            {"name": "tab\x00"},
            {"product_id": "x"},
        ],
    )
    def test_items(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            past(**_item(**wrong))

    def test_a_total_that_does_not_fit_in_64_bits(self) -> None:
        most = _item(price_cents=10**12, quantity=9_223_372, discount_cents=0)
        assert past(**most, shipping_cents=0).total_cents < 2**63
        with pytest.raises(ValidationError, match="2⁶³"):
            past(**most, shipping_cents=2**63 - 1)
        with pytest.raises(ValidationError, match="2⁶³"):
            past(**_item(price_cents=10**12, quantity=9_223_373))

    def test_a_quantity_has_no_other_limit(self) -> None:
        assert past(**_item(price_cents=0, quantity=2**63 - 1, discount_cents=0)).gross_cents == 0

    @pytest.mark.parametrize(
        "wrong",
        [
            _history(),
            _history(("confirmed", "1996-07-04T00:00:00Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("pending", "1996-07-04T00:00:00Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("shipped", "1996-07-05T00:00:00Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("lost", "1996-07-05T00:00:00Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("confirmed", "1996-07-03T23:59:59.999Z")),
            _history(("pending", "1996-07-04T00:00:00Z"), ("confirmed", "1996-07-04T00:00:00+00:01")),
            *(
                _history(("pending", at))
                for at in (
                    None,
                    836438400,
                    "836438400",
                    "1996-07-04",
                    "1996-07-04T00:00:00",
                    "1996-07-04 00:00:00Z",
                    "1996-02-30T00:00:00Z",
                    "1996-07-04T24:00:01Z",
                    "1899-12-31T23:59:59Z",
                    "0001-01-01T00:00:00+14:00",
                    "9999-12-31T23:59:59-01:00",
                )
            ),
        ],
    )
    def test_histories(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            past(**wrong)
