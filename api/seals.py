"""The seals over HTTP: a transparency log for each shop (C2SP tlog-tiles), proofs, and receipts for customers."""

from base64 import b64encode
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from api.documentation import answers, documented, plain_answers
from api.door import JSON, Guest, admitted, backend_of, header_of, identified, opened_position, queried
from api.permission import AUTHENTICATED
from api.problems import Problem
from api.route import DirectRoute
from events.domain.refusal import NotFound
from events.tlog.tiles import NotATile, Tile, parse_level, parse_tile_path
from queries.order_receipt import order_receipt
from queries.seals import (
    PublishedSeal,
    consistency_proof,
    inclusion_proof,
    published_seal,
    read_bundle,
    read_tile,
    verifier_keys,
)

router = APIRouter(tags=["audit"], route_class=DirectRoute, prefix="/audit")

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_FRESH = {"Cache-Control": "private, max-age=1"}
# A tile of a width never changes. But an operator may have to begin a new tree, whose tiles are called the same.
_LASTING = {"Cache-Control": "private, max-age=86400, immutable"}

Size = Annotated[int, Field(ge=1, le=2**63 - 1)]


class InclusionQuery(BaseModel):
    """Which entry (its position less one), and in the tree of which size: the last one's, unless it is given."""

    model_config = ConfigDict(extra="forbid")

    index: Annotated[int, Field(ge=0, le=2**63 - 1)]
    size: Size | None = None


class ConsistencyQuery(BaseModel):
    """From which size, and to which: the last one, unless it is given."""

    model_config = ConfigDict(extra="forbid")

    old: Size = Field(alias="from")
    new: Size | None = Field(default=None, alias="to")


class ReceiptQuery(BaseModel):
    """Of which version of the order; 1 is when it was placed."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1


class InclusionProof(BaseModel):
    """Hashes in base64, from the leaf's sibling to the root's child (RFC 9162, 2.1.3)."""

    index: int
    size: int
    hashes: list[str]


class ConsistencyProof(BaseModel):
    """Hashes in base64 (RFC 9162, 2.1.4)."""

    old: int = Field(alias="from")
    new: int = Field(alias="to")
    hashes: list[str]


@router.get(
    "/checkpoint",
    response_class=Response,
    **documented(
        "The last checkpoint",
        permission="events:read",
        answers=plain_answers("text/plain", 404, 503),
        headers=("Consistency-Token",),
    ),
)
async def get_checkpoint(request: Request) -> Response:
    """A signed note: origin, size and root of the tree over the shop's log (C2SP tlog-checkpoint)."""
    seal = await _published(request, admitted(request))
    return Response(seal.note, headers=_FRESH, media_type=_TEXT)


@router.get(
    "/key",
    response_class=Response,
    **documented("Verifier keys", permission="events:read", answers=plain_answers("text/plain")),
)
async def get_keys(request: Request) -> Response:
    """The keys that checkpoints are signed with, a line for each tree, the last one's first. Get them another way, too:
    who could exchange a checkpoint could exchange them."""
    keys = await verifier_keys(backend_of(request).pool, admitted(request).shop.tenant)
    return Response("".join(f"{key}\n" for key in keys), media_type=_TEXT)


@router.get(
    "/tile/entries/{tile_path:path}",
    response_class=Response,
    **documented("An entry bundle", permission="events:read", answers=plain_answers(_BYTES, 404)),
)
async def get_entries(request: Request) -> Response:
    """Entries, each behind its length in two bytes; 256 of them, or as many as `.p/<width>` says."""
    guest = admitted(request)
    number, width = _tile_path(request)
    seal = await _published(request, guest)
    return _tile(await read_bundle(guest.shop.reader, seal, number, width))


@router.get(
    "/tile/{level}/{tile_path:path}",
    response_class=Response,
    **documented("A tile", permission="events:read", answers=plain_answers(_BYTES, 404)),
)
async def get_tile(request: Request) -> Response:
    """Hashes of the tree; 256 of them, or as many as `.p/<width>` says."""
    guest = admitted(request)
    number, width = _tile_path(request)
    try:
        tile = Tile(parse_level(request.path_params["level"]), number)
    except NotATile:
        raise NotFound("There is no tile at this path.") from None
    seal = await _published(request, guest)
    return _tile(await read_tile(backend_of(request).pool, guest.shop.tenant, seal, tile, width))


@router.get(
    "/proofs/inclusion",
    **documented(
        "Prove that an event is in the log",
        permission="events:read",
        query=InclusionQuery,
        answers=answers(200, InclusionProof, 400, 404),
        headers=("Consistency-Token",),
    ),
)
async def prove_inclusion(request: Request) -> Response:
    """That the entry is in the tree. Whoever has the tiles can compute it themselves."""
    guest = admitted(request)
    wanted = queried(request, InclusionQuery)
    seal = await _published(request, guest)
    size = wanted.size or seal.size
    try:
        hashes = await inclusion_proof(backend_of(request).pool, guest.shop.tenant, seal, wanted.index, size)
    except ValueError:
        raise _out_of_range(seal) from None
    return Response(to_json({"index": wanted.index, "size": size, "hashes": _base64(hashes)}), media_type=JSON)


@router.get(
    "/proofs/consistency",
    **documented(
        "Prove that the log was only added to",
        permission="events:read",
        query=ConsistencyQuery,
        answers=answers(200, ConsistencyProof, 400, 404),
        headers=("Consistency-Token",),
    ),
)
async def prove_consistency(request: Request) -> Response:
    """That the tree of one size continues the tree of another."""
    guest = admitted(request)
    wanted = queried(request, ConsistencyQuery)
    seal = await _published(request, guest)
    new = wanted.new or seal.size
    try:
        hashes = await consistency_proof(backend_of(request).pool, guest.shop.tenant, seal, wanted.old, new)
    except ValueError:
        raise _out_of_range(seal) from None
    return Response(to_json({"from": wanted.old, "to": new, "hashes": _base64(hashes)}), media_type=JSON)


@router.get(
    "/orders/{order_id}/receipt",
    response_class=Response,
    **documented(
        "A receipt for an order",
        permission=AUTHENTICATED,
        query=ReceiptQuery,
        answers=plain_answers("text/plain", 404, 503),
        headers=("Consistency-Token",),
    ),
)
async def get_receipt(request: Request) -> Response:
    """That the order is in the log, for everybody who may see the order: keep it, and verify it without asking us
    (C2SP tlog-proof, with the entry as its extra data)."""
    guest = admitted(request)
    order_id = identified(request, "order_id")
    wanted = queried(request, ReceiptQuery)
    _covering(request, guest)  # it waits for its own event, and so for what was written before
    receipt = await order_receipt(
        backend_of(request).pool,
        guest.shop.tenant,
        guest.shop.repository,
        order_id,
        wanted.version,
        guest.caller,
    )
    return Response(receipt.text(), headers={"Cache-Control": "private, no-cache"}, media_type=_TEXT)


def _covering(request: Request, guest: Guest) -> int:
    """The position that must be sealed, as the Consistency-Token names it. Raises Problem (400)."""
    token = header_of(request, b"consistency-token")
    return 0 if token is None else opened_position(guest.shop.positions, token)


async def _published(request: Request, guest: Guest) -> PublishedSeal:
    return await published_seal(backend_of(request).pool, guest.shop.tenant, covering=_covering(request, guest))


def _tile_path(request: Request) -> tuple[int, int]:
    try:
        return parse_tile_path(request.path_params["tile_path"])
    except NotATile:
        raise NotFound("There is no tile at this path.") from None


def _tile(content: bytes | None) -> Response:
    if content is None:
        raise NotFound("The sealed tree has no such tile.")
    return Response(content, headers=_LASTING, media_type=_BYTES)


def _out_of_range(seal: PublishedSeal) -> Problem:
    return Problem(400, "invalid_tree_size", "The sealed tree is not of that size.", size=seal.size)


def _base64(hashes: list[bytes]) -> list[str]:
    return [b64encode(one).decode() for one in hashes]
