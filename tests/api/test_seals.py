"""The seals over HTTP: a log that others can verify, proofs, and receipts that hold without us."""

import asyncio
import json
from base64 import b64decode

import asyncpg
import pytest
from tlog_scales.backend import HttpBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash as their_leaf_hash

from daybook.embedded import ValkeyServer
from events.tlog.merkle import leaf_hash, verify_consistency, verify_inclusion
from events.tlog.note import SigningKey, VerifierKey
from events.tlog.offline import opened_checkpoint
from events.tlog.receipt import Receipt
from tests.api.person import Json, Person
from tests.api.running import SEAL_KEY, Running, running
from tests.databases import NewDatabase

KEY = SigningKey("shop.example/default", SEAL_KEY).verifier


@pytest.fixture(scope="module")
async def auditor(service: Running, pen: Json) -> Person:
    return await service.person("auditor")


async def size_now(auditor: Person, token: str) -> int:
    """The size of the checkpoint that covers a write."""
    answer = await auditor.gets("/audit/checkpoint", headers={"Consistency-Token": token})
    return opened_checkpoint(answer.response.text, [KEY]).size


class TestTheLog:
    async def test_is_verified_by_others(self, service: Running, auditor: Person, ada: Person, pen: Json) -> None:
        """With the tiles alone, by an implementation that is not ours."""
        size = await size_now(auditor, (await ada.orders((pen, 1))).token)
        keys = (await auditor.gets("/audit/key")).response.text.splitlines()
        assert keys == [str(KEY)]
        backend = HttpBackend(f"http://127.0.0.1:{service.port}/audit")
        backend.session.headers["Authorization"] = f"Bearer {auditor.token}"

        def verify() -> None:
            reader = TilesReader(backend)
            checkpoint = reader.get_checkpoint()
            checkpoint.verify(Vkey.from_string(keys[0]))
            assert checkpoint.size >= size
            assert reader.calculate_root_hash() == checkpoint.root_hash
            for index in (0, size // 2, size - 1):
                entry = reader.get_entry(index)
                assert json.loads(entry)["position"] == index + 1
                proof = reader.get_inclusion_proof(index, checkpoint.size)
                proof.check(their_leaf_hash(entry), checkpoint.root_hash)
                old = TilesReader(backend)
                old.set_size(index + 1)
                consistency = reader.get_consistency_proof(index + 1, checkpoint.size)
                consistency.check(old.calculate_root_hash(), checkpoint.root_hash)
            backend.session.close()

        await asyncio.to_thread(verify)

    async def test_a_checkpoint_covers_the_write_that_a_token_names(
        self, auditor: Person, ada: Person, pen: Json
    ) -> None:
        for _ in range(3):
            placed = await ada.orders((pen, 1))
            assert await size_now(auditor, placed.token) >= await ada.shop.reader.head()

    async def test_is_told_as_text_and_bytes(self, auditor: Person, ada: Person, pen: Json) -> None:
        await size_now(auditor, (await ada.orders((pen, 1))).token)
        checkpoint = (await auditor.gets("/audit/checkpoint")).response
        assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert checkpoint.headers["Cache-Control"] == "private, max-age=1"
        tile = (await auditor.gets("/audit/tile/0/000.p/2")).response
        assert tile.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in tile.headers["Cache-Control"]
        entries = (await auditor.gets("/audit/tile/entries/000.p/2")).response.content
        first = entries[2 : 2 + int.from_bytes(entries[:2], "big")]
        assert leaf_hash(first) == tile.content[:32]
        assert json.loads(first).keys() == {
            *("data_sha256", "metadata", "position", "recorded_at", "schema_version"),
            *("stream", "stream_version", "tenant", "type"),
        }

    @pytest.mark.parametrize(
        "path",
        [
            *("0/999", "0/000.p/255", "0/001.p/1", "1/000", "1/000.p/1", "2/000.p/1", "63/000.p/1"),
            *("0/0", "0/x000/000", "00/000", "64/000", "-1/000.p/1", "0/000.p/0", "0/000.p/01", "0/000.p/256", "0/"),
            *("entries/999", "entries/000.p/255", "entries/x", "entries/000.p/", "9999999999/000", "0/x123/x456/789"),
        ],
    )
    async def test_has_no_tile_beyond_itself_and_none_under_another_name(self, auditor: Person, path: str) -> None:
        (await auditor.gets(f"/audit/tile/{path}")).refused(404, "not_found")

    async def test_of_another_shop_is_another(self, service: Running) -> None:
        other = await service.person("auditor", tenant="other")
        (await other.gets("/audit/checkpoint")).refused(404, "nothing_sealed_yet")
        (await other.gets("/audit/tile/0/000.p/1")).refused(404, "nothing_sealed_yet")
        (await other.gets("/audit/proofs/inclusion", index=0)).refused(404, "nothing_sealed_yet")
        assert (await other.gets("/audit/key")).response.text == ""


class TestProofs:
    async def test_prove_that_an_event_is_there(self, auditor: Person, ada: Person, pen: Json) -> None:
        size = await size_now(auditor, (await ada.orders((pen, 1))).token)
        checkpoint = opened_checkpoint((await auditor.gets("/audit/checkpoint")).response.text, [KEY])
        tile = (await auditor.gets(f"/audit/tile/0/000.p/{size}")).response.content
        for index in (0, 1, size - 1):
            proof = (await auditor.gets("/audit/proofs/inclusion", index=index, size=checkpoint.size)).body
            assert (proof["index"], proof["size"]) == (index, checkpoint.size)
            leaf = tile[index * 32 : index * 32 + 32]
            verify_inclusion(leaf, index, checkpoint.size, [b64decode(one) for one in proof["hashes"]], checkpoint.root)

    async def test_prove_that_the_log_was_only_added_to(self, auditor: Person, ada: Person, pen: Json) -> None:
        before = opened_checkpoint((await auditor.gets("/audit/checkpoint")).response.text, [KEY])
        await size_now(auditor, (await ada.orders((pen, 1))).token)
        after = opened_checkpoint((await auditor.gets("/audit/checkpoint")).response.text, [KEY])
        proof = (await auditor.gets("/audit/proofs/consistency", query={"from": before.size, "to": after.size})).body
        assert (proof["from"], proof["to"]) == (before.size, after.size)
        hashes = [b64decode(one) for one in proof["hashes"]]
        verify_consistency(before.size, after.size, hashes, before.root, after.root)

    @pytest.mark.parametrize(
        ("kind", "query"),
        [
            *(("inclusion", {}), ("inclusion", {"size": 9}), ("inclusion", {"index": "x"})),
            *(("inclusion", {"index": -1}), ("inclusion", {"index": 0, "size": 0}), ("inclusion", {"index": 2**63})),
            *(("consistency", {}), ("consistency", {"from": 0}), ("consistency", {"from": 1, "to": 0})),
            *(("consistency", {"from": "1.5"}), ("consistency", {"from": 1, "of": 2})),
        ],
    )
    async def test_ask_for_numbers_that_make_sense(self, auditor: Person, kind: str, query: dict[str, str]) -> None:
        (await auditor.gets(f"/audit/proofs/{kind}", query=query)).refused(422, "validation_failed")

    @pytest.mark.parametrize(
        ("kind", "query"),
        [
            *(("inclusion", {"index": 2**62}), ("inclusion", {"index": 5, "size": 5})),
            *(("inclusion", {"index": 0, "size": 2**62}), ("consistency", {"from": 5, "to": 4})),
            *(("consistency", {"from": 1, "to": 2**62}), ("consistency", {"from": 2**62})),
        ],
    )
    async def test_prove_nothing_of_a_tree_that_is_not_there(
        self, auditor: Person, kind: str, query: dict[str, int]
    ) -> None:
        answer = await auditor.gets(f"/audit/proofs/{kind}", query=query)
        answer.refused(400, "invalid_tree_size")
        assert answer.body["size"] > 5


class TestAReceipt:
    async def test_holds_for_who_has_nothing_but_the_key(self, ada: Person, pen: Json) -> None:
        order = await ada.places(pen)
        answer = (await ada.gets(f"/audit/orders/{order['id']}/receipt")).response
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        receipt = Receipt.parse(answer.text)
        checkpoint = receipt.verify([VerifierKey.parse(str(KEY))])
        assert checkpoint.origin == "shop.example/default"
        entry = json.loads(receipt.entry)
        assert (entry["type"], entry["stream"], entry["stream_version"]) == ("OrderPlaced", order["id"], 1)
        assert entry["position"] == receipt.index + 1
        # It tells no name and no address, of which it has the hash of what is sealed.
        assert "Lovelace" not in answer.text

    async def test_can_be_had_for_each_version(self, ada: Person, staff: Person, pen: Json) -> None:
        order = await staff.moves(await ada.places(pen), "confirmed")
        for version, kind in ((1, "OrderPlaced"), (2, "OrderConfirmed")):
            answer = await ada.gets(f"/audit/orders/{order['id']}/receipt", version=version)
            receipt = Receipt.parse(answer.response.text)
            receipt.verify([KEY])
            assert json.loads(receipt.entry)["type"] == kind
        (await ada.gets(f"/audit/orders/{order['id']}/receipt", version=3)).refused(404, "not_found")
        for wrong in ("0", "-1", "x", str(2**31)):
            answer = await ada.gets(f"/audit/orders/{order['id']}/receipt", version=wrong)
            answer.refused(422, "validation_failed")

    async def test_is_for_those_who_may_see_the_order(self, ada: Person, ben: Person, staff: Person, pen: Json) -> None:
        order = await ada.places(pen)
        (await ben.gets(f"/audit/orders/{order['id']}/receipt")).refused(404, "not_found")
        assert (await staff.gets(f"/audit/orders/{order['id']}/receipt")).status == 200


async def test_what_is_not_sealed_yet_is_waited_for_and_then_refused(
    new_database: NewDatabase, valkey: ValkeyServer
) -> None:
    async with new_database() as database, running(database.url, valkey.url, projecting=False) as service:
        staff, ada = await service.person("staff"), await service.customer()
        order = await ada.places(await staff.adds_product())
        answer = await ada.gets(f"/audit/orders/{order['id']}/receipt")
        answer.refused(503, "not_yet_sealed")
        assert answer.response.headers["Retry-After"] == "2"


async def test_no_receipt_is_given_that_does_not_hold(new_database: NewDatabase, valkey: ValkeyServer) -> None:
    async with new_database() as database, running(database.url, valkey.url) as service:
        staff, ada = await service.person("staff"), await service.customer()
        order = await ada.places(await staff.adds_product())
        assert (await ada.gets(f"/audit/orders/{order['id']}/receipt")).status == 200
        owner = await asyncpg.connect(database.owner_url)
        await owner.execute("SET session_replication_role = replica")
        await owner.execute("UPDATE events SET data = data || ' ' WHERE event_type = 'OrderPlaced'")
        await owner.close()
        (await ada.gets(f"/audit/orders/{order['id']}/receipt")).refused(500, "internal_error")
