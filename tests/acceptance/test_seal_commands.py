"""`daybook seals` and `daybook receipt`: what an operator and a customer do with seals."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from daybook import health, receipts, seals, verify
from daybook.archive_process import read_witnesses
from daybook.failure import Failure
from daybook.settings import Settings
from events.tlog.note import SigningKey
from events.tlog.receipt import Receipt
from queries.seals import inclusion_proof, published_seal, read_bundle
from tests.acceptance.seal_settings import sealing
from tests.databases import Database
from tests.projections.book import open_book
from tests.projections.sealing import SEED, SealedBook


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return sealing(database, tmp_path / "seals")


@pytest.fixture
async def sealed(database: Database, settings: Settings, redis: Redis) -> AsyncIterator[SealedBook]:
    """A shop with six events."""
    async with open_book(database.url, redis) as book:
        sealed = SealedBook(book, settings.seal_folder)
        await sealed.appends(6)
        yield sealed


async def test_status_tells_how_far_each_log_is_sealed(
    sealed: SealedBook, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await sealed.seals()
    await sealed.appends(1)
    assert await asyncio.to_thread(seals.print_status, settings) == 0
    assert capsys.readouterr().out.splitlines() == [
        "default  ok       shop.example/default: 6 of 7 events sealed, 6 published",
        "other  ok       shop.example/other: 0 of 0 events sealed, 0 published",
    ]
    gone = settings.model_copy(update={"seal_kept_dir": settings.seal_folder / "elsewhere"})
    assert await asyncio.to_thread(seals.print_status, gone) == 1
    assert "default  REFUSED  6 events were sealed" in capsys.readouterr().out


async def test_status_is_not_disturbed_by_a_sealer_at_work(sealed: SealedBook, settings: Settings) -> None:
    async def work() -> None:
        for _ in range(15):
            await sealed.appends(3)
            await sealed.seals()

    working = asyncio.create_task(work())
    while not working.done():
        assert await asyncio.to_thread(seals.print_status, settings) == 0
    await working


async def test_an_archive_that_cannot_seal_is_ill(sealed: SealedBook, settings: Settings) -> None:
    await sealed.seals()
    await asyncio.to_thread(health.check, settings, "archive")
    sealed.kept().unlink()
    with pytest.raises(Failure, match=r"default cannot be sealed: .* gone"):
        await asyncio.to_thread(health.check, settings, "archive")
    await asyncio.to_thread(health.check, settings, "projector")


async def test_the_keys_are_those_that_checkpoints_are_signed_with(
    sealed: SealedBook, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [str(SigningKey(f"shop.example/{tenant}", SEED).verifier) for tenant in ("default", "other")]
    for _ in range(2):
        await asyncio.to_thread(seals.print_keys, settings, None)
        assert capsys.readouterr().out.splitlines() == expected
        await asyncio.to_thread(seals.print_keys, settings, "other")
        assert capsys.readouterr().out.splitlines() == expected[1:]
        await sealed.seals()


async def test_without_a_key_nothing_is_sealed(settings: Settings) -> None:
    with pytest.raises(Failure, match="SEAL_KEY is not set"):
        await asyncio.to_thread(seals.print_status, settings.model_copy(update={"seal_key": None}))


async def test_a_new_origin_is_begun_and_told(
    sealed: SealedBook, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Failure, match="nothing of default was sealed yet"):
        await asyncio.to_thread(seals.begin, settings, "default", "x")
    with pytest.raises(Failure, match="there is no tenant nobody"):
        await asyncio.to_thread(seals.begin, settings, "nobody", "x")
    await sealed.seals()
    await asyncio.to_thread(seals.begin, settings, "default", "the disk was lost")
    assert "shop.example/default/2 begins" in capsys.readouterr().out
    await sealed.seals()
    await asyncio.to_thread(verify.run, settings)
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("default")][-3:]
    assert told[0] == "default  seals          ok      12 leaves, in all trees, hold"
    assert told[1].endswith("shop.example/default/2 was begun because: the disk was lost")
    assert told[2] == "default  kept outside   ok      agrees, up to 6"


async def test_a_receipt_is_verified_without_a_service(
    sealed: SealedBook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await sealed.seals()
    pool, reader = sealed.book.pool, sealed.book.shop.reader
    seal = await published_seal(pool, "default")
    bundled = await read_bundle(reader, seal, 0, 6)
    assert bundled is not None
    entry = bundled[2 : 2 + int.from_bytes(bundled[:2], "big")]
    receipt = Receipt(entry, 0, tuple(await inclusion_proof(pool, "default", seal, 0, seal.size)), seal.note)
    file, key = tmp_path / "order.tlog-proof", str(SigningKey(seal.origin, SEED).verifier)
    file.write_text(receipt.text())
    assert receipts.verify(file, [key]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ok      shop.example/default had this as number 1 of its first 6 events:\n")
    assert '        type: "CustomerAdded"\n' in said
    file.write_text(receipt.text().replace("index 0", "index 1"))
    assert receipts.verify(file, [key]) == 1
    assert capsys.readouterr().out == "FAILED  the entry is not in the tree\n"
    file.write_bytes(b"\xff\xfe")
    assert receipts.verify(file, [key]) == 1
    with pytest.raises(Failure, match="verifier key"):
        receipts.verify(file, ["no key"])


async def test_a_file_of_witnesses_that_makes_no_sense_is_said_at_the_start(settings: Settings, tmp_path: Path) -> None:
    assert read_witnesses(settings) == []
    file = tmp_path / "witnesses"
    its = settings.model_copy(update={"seal_witnesses": file})
    with pytest.raises(Failure, match="SEAL_WITNESSES cannot be read"):
        read_witnesses(its)
    file.write_text("witness.example https://witness.example\n")
    with pytest.raises(Failure, match="SEAL_WITNESSES: line 1 is not"):
        read_witnesses(its)
