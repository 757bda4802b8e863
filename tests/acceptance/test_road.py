"""The whole road, as a stranger walks it: `daybook up` on a fresh folder, then an order that becomes an event, a row, a
frame and a mail; and every command of the README.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from bench.stack import ROOT
from bench.up import Up
from events.domain.delivery import confirmation_id

PASSWORD = "daybook-demo"
SECONDS = 15.0


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    data = Path(tempfile.mkdtemp(prefix="road-")).resolve()
    try:
        with Up(data) as running:
            running.wait_until_ready()
            yield running
    finally:
        shutil.rmtree(data)


async def test_an_order_is_an_event_a_row_a_frame_and_a_mail(up: Up) -> None:
    async with httpx.AsyncClient(base_url=up.url) as client:
        ada, staff = await login(client, "ada@example.com"), await login(client, "staff@example.com")
        products = (await client.get("/products", headers=ada)).json()["items"][:2]
        address = (await client.get("/addresses", headers=ada)).json()["items"][0]

        async with following(up, ada) as socket:
            placed = await client.post(
                "/orders",
                headers={**ada, "Idempotency-Key": "the-road"},
                json={
                    "items": [
                        {"product_id": products[0]["id"], "quantity": 2},
                        {"product_id": products[1]["id"], "quantity": 1},
                    ],
                    "shipping_address_id": address["id"],
                },
            )
            assert placed.status_code == 201, placed.text
            order = placed.json()
            assert placed.headers["location"] == f"/orders/{order['id']}"
            assert order["total_cents"] == 2 * products[0]["price_cents"] + products[1]["price_cents"]

            token = {"Consistency-Token": placed.headers["consistency-token"]}
            listed = await client.get("/orders", headers={**ada, **token})
            assert listed.json()["items"] == [order]
            assert await next_event(socket) == ("daybook.order.placed.v1", order["id"])

            confirmed = await client.patch(f"/orders/{order['id']}/status", headers=staff, json={"status": "confirmed"})
            assert (confirmed.status_code, confirmed.headers["etag"]) == (200, '"2"')
            told = {await next_event(socket), await next_event(socket)}
            assert told == {
                ("daybook.order.confirmed.v1", order["id"]),
                ("daybook.order.confirmation_sent.v1", order["id"]),
            }

        mail = the_mail(up, order["id"])
        assert mail["To"] == "Ada Lovelace <ada@example.com>"
        assert mail["Message-ID"] == f"<{confirmation_id(UUID(order['id']))}@daybook.example>"
        text = [line.strip() for line in mail.get_content().splitlines()]
        assert f"Hello {address['recipient']}" in text[0]
        assert order["number"] in mail["Subject"]
        for item in order["items"]:
            assert f"{item['quantity']} x {item['product_name']}" in text
        assert f"Total: {order['total_usd']} USD" in text

        history = (await client.get(f"/orders/{order['id']}/events", headers=ada)).json()["events"]
        kinds = [event["type"].removeprefix("daybook.order.").removesuffix(".v1") for event in history]
        assert kinds[0] == "placed"
        assert sorted(kinds[1:]) == ["confirmation_sent", "confirmed"]
        # It was sent about the order, and did not move it.
        now = await client.get(f"/orders/{order['id']}", headers=ada)
        assert now.json()["version"] == 2
        assert now.headers["etag"] == confirmed.headers["etag"]


def test_every_command_of_the_readme_does_what_it_says(up: Up, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.+?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    # The `up` of this test stands in for `make run`; what make itself does, other tests see to.
    script = "\n".join(line for line in lines if not line.startswith("make "))
    assert "curl" in script
    # The environment that the tests run in, which is .venv under `make test`.
    script = script.replace(".venv/bin/daybook", f"'{sys.executable}' -m daybook")
    # An answer of 400 or more is a failure.
    (tmp_path / ".curlrc").write_text("fail\nshow-error\n")
    ended = subprocess.run(
        ["sh", "-eux"],
        input=script,
        cwd=ROOT,
        env=os.environ | up.environment | {"CURL_HOME": str(tmp_path), "PATH": path_with_curl(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert '"status":"confirmed"' in ended.stdout
    assert "daybook.order.placed.v1" in ended.stdout


async def login(client: httpx.AsyncClient, email: str) -> dict[str, str]:
    answer = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@asynccontextmanager
async def following(up: Up, headers: dict[str, str]) -> AsyncIterator[ClientConnection]:
    """A WebSocket that authenticates with its first frame, as a browser's does."""
    async with connect(f"ws{up.url.removeprefix('http')}/ws/orders") as socket:
        token = headers["Authorization"].removeprefix("Bearer ")
        await socket.send(json.dumps({"type": "auth", "token": token}))
        assert json.loads(await socket.recv())["type"] == "ready"
        yield socket


async def next_event(socket: ClientConnection) -> tuple[str, str]:
    """Type and subject of the next event; heartbeats do not count."""
    async with asyncio.timeout(SECONDS):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame["type"] == "event":
                return frame["event"]["type"], frame["event"]["subject"]


def the_mail(up: Up, order_id: str) -> EmailMessage:
    """The confirmation of an order, as the catcher keeps it."""
    path = up.data / "mail" / f"{confirmation_id(UUID(order_id))}@daybook.example.eml"
    deadline = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, sorted(path.parent.glob("*"))
        time.sleep(0.05)
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def path_with_curl(folder: Path) -> str:
    """Where the commands are looked for. A machine without a curl that knows --json gets a stand-in for it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    curl = shutil.which("curl")
    if curl and "--json" in subprocess.run([curl, "--help", "all"], capture_output=True, text=True, check=False).stdout:
        return path
    stand_in = folder / "curl"
    stand_in.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{Path(__file__).with_name('curl.py')}' \"$@\"\n")
    stand_in.chmod(0o755)
    return f"{folder}{os.pathsep}{path}"
