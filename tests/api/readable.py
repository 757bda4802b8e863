"""All that can be read of a service: every row, every key of Redis, what every route that reads answers."""

import json
import re
from collections.abc import Iterable
from typing import Any

import asyncpg
from fastapi.routing import APIRoute
from redis.asyncio import Redis

from api.app import create_app
from tests.api.live.subscriber import dialled
from tests.api.person import Json, Person
from tests.api.running import Running
from tests.api.zenobia import Zenobia


async def tables(owner: asyncpg.Connection) -> dict[str, str]:
    """Everything that the database says, by table: bytes as hexadecimal digits."""
    names = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    )
    said = {}
    for (name,) in names:
        rows = await owner.fetch(f'SELECT t::text FROM "{name}" t')  # noqa: S608 - the name is the catalogue's
        said[name] = "\n".join(row[0] for row in rows)
    return said


async def in_redis(redis: Redis) -> str:
    """Every key and value."""
    client: Any = redis
    reads = {
        b"string": client.get,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"zset": lambda name: client.zrange(name, 0, -1, withscores=True),
    }
    said = [f"{key!r} {await reads[await client.type(key)](key)!r}" for key in await client.keys("*")]
    return "\n".join(said)


async def read_routes(service: Running, admin: Person, zenobia: Zenobia, pen: Json) -> dict[str, str]:
    """What every route that reads answers an admin, for all that Zenobia had."""
    app = create_app(None)._app  # type: ignore[arg-type]
    said = {}
    for route in app.routes:
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and route.path != "/metrics":
            for order in zenobia.orders:
                names = {"order_id": order["id"], "account_id": str(zenobia.id), "product_id": pen["id"]}
                names |= {"customer_id": str(zenobia.id), "level": "0", "tile_path": "000.p/1"}
                path = re.sub(r"{(\w+)(:path)?}", lambda name: names[name.group(1)], route.path)  # noqa: B023
                said[path] = await whole(admin, path)
    for query in (f"/orders?user_id={zenobia.id}", f"/orders?q={zenobia.mark}", "/events?personal=true&reason=a+test"):
        said[query] = await whole(admin, query)
    said["/ws/orders"] = await live_history(service, admin, zenobia)
    return said


async def whole(admin: Person, path: str) -> str:
    """A list page by page, or what else there is."""
    said, query = "", dict[str, str | int]()
    while True:
        answer = await admin.gets(path, query=query)
        said += answer.response.text
        is_json = answer.response.headers["Content-Type"] == "application/json"
        following = answer.body.get("next") if answer.status == 200 and is_json else None
        if not isinstance(following, str):
            return said
        query = {"after" if path == "/events" else "cursor": following, "limit": 200}


async def live_history(service: Running, admin: Person, zenobia: Zenobia) -> str:
    start = admin.shop.positions.seal(0)
    headers = {"Authorization": f"Bearer {admin.token}"}
    async with dialled(service, headers, user_id=str(zenobia.id), after=start) as stream:
        await stream.is_ready()
        return json.dumps(await stream.events(8))


def is_told(mark: str, texts: Iterable[tuple[str, str]]) -> list[str]:
    """Where it is still said, in the clear or in hexadecimal digits."""
    return [where for where, text in texts if mark in text or mark.encode().hex() in text.lower()]
