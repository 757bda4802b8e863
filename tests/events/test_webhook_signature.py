"""Webhook signatures: the standard's example, what is refused, and two secrets while one replaces the other."""

import hmac
from base64 import b64encode
from hashlib import sha256

import pytest

from events.webhook_signature import TOLERANCE_SECONDS, BadSignature, sign, verify

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + b64encode(bytes(range(32, 64))).decode()
NOW = 1_700_000_000
BODY = '{"type": "payment.captured", "reason": "Grüße"}'.encode()


def signed(secret: str = SECRET, message_id: str = "evt_1", timestamp: int = NOW, body: bytes = BODY) -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, message_id, timestamp, body),
    }


def refused(headers: dict[str, str], body: bytes = BODY, now: float = NOW) -> str:
    with pytest.raises(BadSignature) as refusal:
        verify([SECRET], headers, body, now)
    return str(refusal.value)


class TestSigning:
    def test_the_example_that_implementations_of_the_standard_share(self) -> None:
        assert (
            sign(
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1614265330,
                b'{"test": 2432232314}',
            )
            == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        )

    def test_it_is_an_hmac_of_id_timestamp_and_body(self) -> None:
        mac = hmac.new(bytes(range(32)), f"evt_1.{NOW}.".encode() + BODY, sha256).digest()
        assert sign(SECRET, "evt_1", NOW, BODY) == f"v1,{b64encode(mac).decode()}"

    @pytest.mark.parametrize(
        "secret",
        [
            "",
            "whsec_",
            SECRET.removeprefix("whsec_"),
            "whsec_" + "!" * 32,
            "whsec_" + b64encode(bytes(23)).decode(),
            "whsec_" + b64encode(bytes(65)).decode(),
        ],
    )
    def test_a_secret_that_is_none_is_refused_without_being_told(self, secret: str) -> None:
        with pytest.raises(ValueError, match="24 to 64 bytes") as refusal:
            sign(secret, "evt_1", NOW, BODY)
        assert not secret or secret == "whsec_" or secret not in str(refusal.value)

    def test_an_id_with_a_full_stop_is_refused(self) -> None:
        with pytest.raises(ValueError, match="full stop"):
            sign(SECRET, "evt.1", NOW, BODY)


class TestVerifying:
    def test_what_was_signed_is_good(self) -> None:
        verify([SECRET], signed(), BODY, NOW)

    def test_an_empty_body_can_be_signed(self) -> None:
        verify([SECRET], signed(body=b""), b"", NOW)

    def test_either_secret_is_good_while_one_replaces_the_other(self) -> None:
        verify([SECRET, OTHER], signed(SECRET), BODY, NOW)
        verify([SECRET, OTHER], signed(OTHER), BODY, NOW)

    def test_the_sender_may_sign_with_both(self) -> None:
        headers = signed(OTHER)
        headers["webhook-signature"] += " v1a,bm90IG91cnM= " + signed()["webhook-signature"]
        verify([SECRET], headers, BODY, NOW)

    def test_another_secret_is_not_good(self) -> None:
        assert refused(signed(OTHER)) == "no signature fits"

    def test_without_secrets_nothing_is_good(self) -> None:
        with pytest.raises(BadSignature):
            verify([], signed(), BODY, NOW)

    def test_another_body_id_or_timestamp_is_not_good(self) -> None:
        assert refused(signed(), BODY + b" ") == "no signature fits"
        assert refused(signed() | {"webhook-id": "evt_2"}) == "no signature fits"
        assert refused(signed() | {"webhook-timestamp": str(NOW + 1)}) == "no signature fits"

    @pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_every_header_has_to_be_there(self, header: str) -> None:
        headers = signed()
        del headers[header]
        assert refused(headers) == f"there is no header {header}"

    @pytest.mark.parametrize("away", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1])
    def test_a_recording_is_not_good_and_neither_is_the_future(self, away: int) -> None:
        assert refused(signed(timestamp=NOW + away)) == "webhook-timestamp is too far from now"

    @pytest.mark.parametrize("away", [-TOLERANCE_SECONDS, TOLERANCE_SECONDS])
    def test_clocks_may_differ_by_five_minutes(self, away: int) -> None:
        verify([SECRET], signed(timestamp=NOW + away), BODY, NOW)

    @pytest.mark.parametrize("timestamp", ["", "now", "-1", " 1", "1.5", "١٧", "9" * 5000, f"{NOW}\n"])
    def test_a_timestamp_is_digits(self, timestamp: str) -> None:
        assert refused(signed() | {"webhook-timestamp": timestamp}) == "webhook-timestamp is not in seconds"

    @pytest.mark.parametrize("signature", ["", "v1", "v1,", "v1,=", "v0,x", "v1,é", " ", "v1," + "A" * 43 + "="])
    def test_what_is_no_signature_fits_nothing(self, signature: str) -> None:
        assert refused(signed() | {"webhook-signature": signature}) == "no signature fits"

    def test_an_id_cannot_take_the_timestamps_place(self) -> None:
        body = f"{NOW}.{{}}".encode()
        headers = signed(timestamp=NOW - 3600, body=body)
        moved = headers | {"webhook-id": f"evt_1.{NOW - 3600}", "webhook-timestamp": str(NOW)}
        assert refused(moved, b"{}") == "webhook-id makes no sense"
