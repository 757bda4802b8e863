"""A receipt holds for whoever has the public key, and no changed one does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.tlog.checkpoint import Checkpoint
from events.tlog.merkle import inclusion_ranges, leaf_hash
from events.tlog.note import SigningKey
from events.tlog.receipt import InvalidReceipt, Receipt
from events.tlog.tiles import hashes_of
from events.tlog.tree import Tree

KEY = SigningKey("shop.example/default", bytes(range(32)))
ENTRIES = [b'{"position":%d}' % n for n in range(1, 301)]
TREE, TILES = Tree().grown([leaf_hash(entry) for entry in ENTRIES])
NOTE = KEY.sign(Checkpoint(KEY.verifier.name, 300, TREE.root()).text())


def receipt_for(index: int) -> Receipt:
    return Receipt(ENTRIES[index], index, tuple(hashes_of(inclusion_ranges(index, 300), TILES)), NOTE)


TEXT = receipt_for(73).text()


def test_has_the_form_of_the_specification() -> None:
    head, checkpoint = TEXT.split("\n\n", 1)
    first, extra, index, *proof = head.split("\n")
    assert (first, index) == ("c2sp.org/tlog-proof@v1", "index 73")
    assert extra.startswith("extra ")
    assert len(proof) == 9
    assert checkpoint == NOTE


@pytest.mark.parametrize("index", [0, 1, 255, 256, 299])
def test_holds(index: int) -> None:
    receipt = Receipt.parse(receipt_for(index).text())
    assert receipt == receipt_for(index)
    assert receipt.verify([KEY.verifier]).size == 300


def test_of_a_log_with_one_entry_has_no_hashes() -> None:
    tree, _ = Tree().grown([leaf_hash(b"{}")])
    receipt = Receipt(b"{}", 0, (), KEY.sign(Checkpoint(KEY.verifier.name, 1, tree.root()).text()))
    assert Receipt.parse(receipt.text()).verify([KEY.verifier]).size == 1


@settings(max_examples=500, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.characters(codec="utf-8"))
def test_does_not_hold_when_anything_of_it_is_changed(place: int, character: str) -> None:
    changed = TEXT[:place] + character + TEXT[place + 1 :]
    if changed != TEXT:
        with pytest.raises(InvalidReceipt):
            Receipt.parse(changed).verify([KEY.verifier])


def test_does_not_hold_when_anything_is_left_out() -> None:
    for place in range(len(TEXT)):
        with pytest.raises(InvalidReceipt):
            Receipt.parse(TEXT[:place] + TEXT[place + 1 :]).verify([KEY.verifier])


def test_says_nothing_to_who_has_another_key() -> None:
    with pytest.raises(InvalidReceipt, match="no key that is known"):
        receipt_for(0).verify([SigningKey("shop.example/default", bytes(32)).verifier])
