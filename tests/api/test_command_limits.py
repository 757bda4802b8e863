"""Commands a minute: told in `RateLimit` headers where there is a limit, and 429 past it."""

import re
from dataclasses import replace

from api.limits import Limits
from api.schemas import AddressAnswer, AddressList
from daybook.embedded import ValkeyServer
from tests.api.person import ADDRESS, Person
from tests.api.running import Running, running
from tests.databases import NewDatabase

BODY = {"recipient": "Ada Lovelace"} | ADDRESS
LIMITED = replace(Limits(), commands_per_minute=4)


async def test_past_the_limit_a_principal_waits_and_others_do_not(
    new_database: NewDatabase, valkey: ValkeyServer
) -> None:
    async with new_database() as database, running(database.url, valkey.url, limits=LIMITED) as service:
        ada, ben = await service.customer(), await service.customer()
        # A minute may end in between, and then the count begins anew.
        answers = [await ada.posts("/addresses", BODY) for _ in range(9)]
        assert {answer.status for answer in answers} == {201, 429}
        late = answers[-1].refused(429, "too_many_requests")
        assert late.response.headers["RateLimit-Policy"] == '"commands";q=4;w=60'
        assert re.fullmatch(r'"commands";r=0;t=\d+', late.response.headers["RateLimit"])
        told = (await ben.posts("/addresses", BODY)).then(201, AddressAnswer).response.headers
        assert re.fullmatch(r'"commands";r=\d;t=\d+', told["RateLimit"])
        read = (await ada.gets("/addresses")).then(200, AddressList)
        assert "RateLimit" not in read.response.headers


async def test_a_refusal_tells_what_is_left_too(new_database: NewDatabase, valkey: ValkeyServer) -> None:
    async with new_database() as database, running(database.url, valkey.url, limits=LIMITED) as service:
        person = await service.person("customer")
        answer = (await person.posts("/addresses", {})).invalid()
        assert "RateLimit" in answer.response.headers


async def test_without_redis_nobody_is_locked_out(new_database: NewDatabase) -> None:
    limits, nowhere = replace(Limits(), commands_per_minute=2), "unix:///nowhere/valkey.sock"
    async with new_database() as database, running(database.url, nowhere, limits=limits) as service:
        ada = await service.customer()
        for _ in range(4):
            (await ada.posts("/addresses", BODY)).then(201, AddressAnswer)


async def test_without_a_limit_nothing_is_told(service: Running, ada: Person) -> None:
    answer = (await ada.posts("/addresses", BODY)).then(201, AddressAnswer)
    assert "RateLimit" not in answer.response.headers
