"""Witnesses (C2SP tlog-witness): others who sign our checkpoints, after they have seen that each continues the last.

    last published checkpoint, and the proof from what it signed last ──► witness ──► its signature, added to the note

Off every other path: a witness that is away, slow or wrong holds up nothing but its own signature.
"""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import asyncpg
import httpx
import structlog

from events.log.lasting import CONNECTION_LOST
from events.tlog.merkle import consistency_ranges
from events.tlog.note import InvalidKey, InvalidNote, Note, VerifierKey
from events.tlog.tiles import DamagedTile, hashes_of, tiles_for
from projections.checkpoints import SQL
from projections.sealed_tree import read_tiles

log = structlog.get_logger("witnesses")

_SECONDS = 5.0
_MOST_BYTES = 1 << 16


class Witness(NamedTuple):
    """One that is asked: its key, and the address before `/add-checkpoint`."""

    key: VerifierKey
    url: str


class _Published(NamedTuple):
    """What is to be signed."""

    tenant: str
    number: int
    size: int
    note: str


def parse_witnesses(text: str) -> list[Witness]:
    """A line for each: its verifier key and its address; `#` begins a remark. Raises ValueError with the number."""
    witnesses = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            key, url = words
            if not url.startswith(("http://", "https://")):
                raise ValueError
            witnesses.append(Witness(VerifierKey.parse(key), url.rstrip("/")))
        except (InvalidKey, ValueError):
            raise ValueError(f"line {number} is not a verifier key and an address") from None
    return witnesses


class Witnessing:
    """Asks all witnesses for the last checkpoint of every tenant, from time to time."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        tenants: Callable[[], Awaitable[Sequence[str]]],
        witnesses: Sequence[Witness],
        client: httpx.AsyncClient,
        *,
        every: float = 2.0,
    ) -> None:
        self._pool = pool
        self._tenants = tenants
        self._witnesses = witnesses
        self._client = client
        self._every = every
        self._signed: dict[tuple[Witness, str, int], int] = {}

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                await self.ask()
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                log.warning("witnesses wait for the database", error=type(error).__name__)
            await asyncio.sleep(self._every)

    async def ask(self) -> None:
        """Ask each witness once, where it has not signed yet."""
        for tenant in await self._tenants():
            origin = await self._pool.fetchrow(SQL.read_origin, tenant)
            last = None if origin is None else await self._pool.fetchrow(SQL.read_last_seal, tenant, origin["number"])
            if origin is not None and last is not None and last["kept"]:
                published = _Published(tenant, origin["number"], last["size"], last["note"])
                await asyncio.gather(*(self._ask(witness, published) for witness in self._witnesses))

    async def _ask(self, witness: Witness, published: _Published) -> None:
        known = (witness, published.tenant, published.number)
        try:
            signed = {(one.name, one.key_id) for one in Note.parse(published.note).signatures}
            if (witness.key.name, witness.key.key_id) in signed:
                return
            status, body = await self._post(witness, published, self._signed.get(known, 0))
            if status == 409 and body.strip().isdigit() and len(body) < 20:
                # It knows better what it signed last than we do, who may have been started since.
                self._signed[known] = int(body)
                if self._signed[known] > published.size:
                    log.error("a witness has signed more than there is", witness=witness.key.name, size=int(body))
                    return
                status, body = await self._post(witness, published, self._signed[known])
            if status != 200:
                log.warning("a witness does not sign", witness=witness.key.name, tenant=published.tenant, status=status)
                return
            line = _signature_by(witness.key, published.note, body)
        except (httpx.HTTPError, InvalidNote, DamagedTile, ValueError) as error:
            log.warning(
                "a witness cannot be asked",
                witness=witness.key.name,
                tenant=published.tenant,
                error=type(error).__name__,
            )
            return
        self._signed[known] = published.size
        await self._pool.execute(SQL.add_cosignature, published.tenant, published.number, published.size, line)

    async def _post(self, witness: Witness, published: _Published, old: int) -> tuple[int, str]:
        """Status and body of the answer. Raises what a bad answer, or none, raises."""
        hashes: list[bytes] = []
        if old:
            ranges = consistency_ranges(old, published.size)
            tiles = await read_tiles(self._pool, published.tenant, published.number, tiles_for(ranges))
            hashes = hashes_of(ranges, tiles)
        proof = "".join(f"{b64encode(one).decode()}\n" for one in hashes)
        content = f"old {old}\n{proof}\n{published.note}".encode()
        request: dict[str, Any] = {"content": content, "timeout": _SECONDS}
        async with self._client.stream("POST", f"{witness.url}/add-checkpoint", **request) as response:
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise ValueError("the answer is too long")
        return response.status_code, body.decode(errors="replace")


def _signature_by(key: VerifierKey, note: str, lines: str) -> str:
    """The witness's own signature line among those it answered. Raises InvalidNote unless it is there, and holds."""
    answered = Note.parse(note.rpartition("\n\n")[0] + "\n\n" + lines)
    answered.require([key])
    return next(one.line() for one in answered.signatures if (one.name, one.key_id) == (key.name, key.key_id))
