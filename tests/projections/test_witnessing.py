"""Witnesses sign our checkpoints when these continue what they signed before; nothing waits for them."""

import asyncio
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from events.tlog.checkpoint import Checkpoint
from events.tlog.merkle import InvalidProof, verify_consistency
from events.tlog.note import COSIGNATURE_V1, InvalidNote, Note, Signature, SigningKey, VerifierKey
from projections.witnessing import Witness, Witnessing, parse_witnesses
from queries.seals import published_seal
from tests.projections.book import Book
from tests.projections.sealing import SealedBook

NOW = 1_790_000_000
FORGED = SigningKey("log.example", bytes(32)).verifier


class SomeWitness:
    """A witness as C2SP tlog-witness has it, over HTTP."""

    def __init__(self, name: str, log: VerifierKey) -> None:
        self._signing = SigningKey(name, name.encode().ljust(32, b"."))
        self.key = VerifierKey(name, COSIGNATURE_V1, self._signing.verifier.public)
        self.seen: Checkpoint | None = None
        self.asked: list[int] = []
        self.answers: Callable[[], Response] | None = None
        self._log = log

    async def add_checkpoint(self, request: Request) -> Response:
        """Check everything, and sign."""
        head, _, note = (await request.body()).decode().partition("\n\n")
        old_line, *proof = head.split("\n")
        old = int(old_line.removeprefix("old "))
        self.asked.append(old)
        if self.answers is not None:
            return self.answers()
        try:
            parsed = Note.parse(note)
            parsed.require([self._log])
        except InvalidNote:
            return Response(status_code=403)
        checkpoint = Checkpoint.parse(parsed.text)
        if old != (0 if self.seen is None else self.seen.size):
            return PlainTextResponse(f"{self.seen.size if self.seen else 0}\n", 409, media_type="text/x.tlog.size")
        try:
            if self.seen is not None:
                hashes = [b64decode(one) for one in proof]
                verify_consistency(old, checkpoint.size, hashes, self.seen.root, checkpoint.root)
        except InvalidProof:
            return Response(status_code=422)
        self.seen = checkpoint
        return PlainTextResponse(self.signs(parsed.text))

    def signs(self, text: str) -> str:
        """The signature line."""
        signed = b"cosignature/v1\ntime %d\n" % NOW + text.encode()
        blob = NOW.to_bytes(8, "big") + self._signing._key.sign(signed)
        return Signature(self.key.name, self.key.key_id, blob).line()


@pytest.fixture
def sealed(book: Book, tmp_path: Path) -> SealedBook:
    return SealedBook(book, tmp_path / "seals")


def log_key(sealed: SealedBook) -> VerifierKey:
    return sealed.sealer.key(sealed.sealer.origin(sealed.book.tenant)).verifier


def witnessing(sealed: SealedBook, *witnesses: SomeWitness) -> Witnessing:
    """A process that starts now, and asks these."""
    routes = [
        Route(f"/{number}/add-checkpoint", witness.add_checkpoint, methods=["POST"])
        for number, witness in enumerate(witnesses)
    ]
    client = httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)))
    asked = [Witness(witness.key, f"http://witness/{number}") for number, witness in enumerate(witnesses)]

    async def tenants() -> list[str]:
        return [sealed.book.tenant]

    return Witnessing(sealed.book.pool, tenants, asked, client)


async def signers(sealed: SealedBook, *keys: VerifierKey) -> list[str]:
    """Who of these and of us has signed what is published."""
    seal = await published_seal(sealed.book.pool, sealed.book.tenant)
    return [key.name for key in Note.parse(seal.note).verified_by([log_key(sealed), *keys])]


async def test_their_signatures_are_added(sealed: SealedBook) -> None:
    one, two = SomeWitness("one.example/w", log_key(sealed)), SomeWitness("two.example/w", log_key(sealed))
    asking = witnessing(sealed, one, two)
    for events in (3, 300, 1):
        await sealed.appends(events)
        await sealed.seals()
        await asking.ask()
        await asking.ask()
        assert sorted(await signers(sealed, one.key, two.key)) == sorted(
            [log_key(sealed).name, "one.example/w", "two.example/w"]
        )
    # Each was asked once for each checkpoint, with what it had signed before.
    assert one.asked == two.asked == [0, 3, 303]


async def test_one_who_has_signed_before_tells_how_much(sealed: SealedBook) -> None:
    witness = SomeWitness("one.example/w", log_key(sealed))
    await sealed.appends(3)
    await sealed.seals()
    await witnessing(sealed, witness).ask()
    await sealed.appends(3)
    await sealed.seals()
    await witnessing(sealed, witness).ask()
    assert witness.asked == [0, 0, 3]
    assert "one.example/w" in await signers(sealed, witness.key)


async def test_one_who_has_seen_another_history_does_not_sign(sealed: SealedBook) -> None:
    witness = SomeWitness("one.example/w", log_key(sealed))
    witness.seen = Checkpoint(log_key(sealed).name, 2, bytes(32))
    await sealed.appends(3)
    await sealed.seals()
    await witnessing(sealed, witness).ask()
    assert await signers(sealed, witness.key) == [log_key(sealed).name]


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Response(status_code=500),
        lambda: Response(status_code=404),
        lambda: PlainTextResponse("nothing\n"),
        lambda: PlainTextResponse(""),
        lambda: PlainTextResponse("x" * 100_000),
        lambda: PlainTextResponse(SomeWitness("one.example/w", FORGED).signs("another text\n")),
        lambda: PlainTextResponse(SomeWitness("two.example/w", FORGED).signs("another text\n")),
        lambda: PlainTextResponse("99\n", 409),
        lambda: PlainTextResponse("-1\n", 409),
        lambda: PlainTextResponse("9" * 5_000, 409),
    ],
)
async def test_whatever_else_one_answers_changes_nothing(sealed: SealedBook, answer: Callable[[], Response]) -> None:
    wrong, right = SomeWitness("one.example/w", log_key(sealed)), SomeWitness("two.example/w", log_key(sealed))
    wrong.answers = answer
    await sealed.appends(3)
    await sealed.seals()
    await witnessing(sealed, wrong, right).ask()
    assert await signers(sealed, wrong.key, right.key) == [log_key(sealed).name, "two.example/w"]
    await sealed.appends(1)
    await sealed.seals()


async def test_one_who_is_away_holds_nothing_up(sealed: SealedBook) -> None:
    away = Witness(SomeWitness("one.example/w", log_key(sealed)).key, "http://127.0.0.1:1")

    async def tenants() -> list[str]:
        return [sealed.book.tenant]

    async with httpx.AsyncClient() as client:
        asking = asyncio.create_task(Witnessing(sealed.book.pool, tenants, [away], client, every=0.01).run())
        await sealed.appends(3)
        await sealed.seals()
        await asyncio.sleep(0.1)
        await sealed.appends(3)
        await sealed.seals()
        assert not asking.done()
        asking.cancel()
        await asyncio.wait((asking,))
    await sealed.then_sealed(6)


def test_the_file_names_keys_and_addresses() -> None:
    key = SomeWitness("one.example/w", FORGED).key
    text = f"# ours\n\n{key} https://one.example/  # at the end of the street\n{key} http://127.0.0.1:8080/w\n"
    assert parse_witnesses(text) == [Witness(key, "https://one.example"), Witness(key, "http://127.0.0.1:8080/w")]
    for wrong in ("one", f"{key}", f"{key} ftp://x", f"{key} https://a https://b", f"{key}A https://a"):
        with pytest.raises(ValueError, match="line 2 is not a verifier key and an address"):
            parse_witnesses(f"# ours\n{wrong}\n")
