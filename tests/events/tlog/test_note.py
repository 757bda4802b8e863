"""Signed notes: the specification's example, and every change refused."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.tlog.checkpoint import Checkpoint
from events.tlog.merkle import leaf_hash
from events.tlog.note import COSIGNATURE_V1, InvalidKey, InvalidNote, Note, Signature, SigningKey, VerifierKey
from events.tlog.offline import check_entries, opened_checkpoint
from events.tlog.tree import Tree

EXAMPLE_KEY = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
EXAMPLE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
KEY = SigningKey("shop.example/default", bytes(range(32)))
OTHER = SigningKey("other.example", bytes(range(1, 33)))
ENTRIES = [b"entry %d" % n for n in range(300)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
CHECKPOINT = Checkpoint(KEY.verifier.name, 300, Tree().grown(LEAVES)[0].root())
NOTE = KEY.sign(CHECKPOINT.text())
VERIFIERS = [KEY.verifier]


class TestTheExampleOfTheSpecification:
    def test_holds(self) -> None:
        note = Note.parse(EXAMPLE)
        assert note.text == "This is an example message.\n"
        assert note.verified_by([EXAMPLE_KEY]) == [EXAMPLE_KEY]

    def test_a_key_is_written_as_it_was_read(self) -> None:
        assert str(EXAMPLE_KEY) == "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


class TestANote:
    def test_is_read_as_it_was_signed(self) -> None:
        assert opened_checkpoint(NOTE, VERIFIERS) == CHECKPOINT

    @settings(max_examples=500, deadline=None)
    @given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
    def test_does_not_hold_when_anything_of_it_is_changed(self, place: int, character: str) -> None:
        changed = NOTE[:place] + character + NOTE[place + 1 :]
        if changed != NOTE:
            with pytest.raises(InvalidNote):
                opened_checkpoint(changed, VERIFIERS)

    def test_does_not_hold_when_anything_is_left_out(self) -> None:
        for place in range(len(NOTE)):
            with pytest.raises(InvalidNote):
                opened_checkpoint(NOTE[:place] + NOTE[place + 1 :], VERIFIERS)

    def test_splits_at_its_last_empty_line(self) -> None:
        note = Note.parse(KEY.sign("one\n\ntwo\n"))
        assert note.text == "one\n\ntwo\n"
        note.require(VERIFIERS)

    def test_keys_that_nobody_knows_say_nothing(self) -> None:
        both = NOTE + OTHER.sign(CHECKPOINT.text()).rpartition("\n\n")[2]
        assert Note.parse(both).verified_by(VERIFIERS) == VERIFIERS
        garbled = NOTE + Signature("other.example", OTHER.verifier.key_id, bytes(64)).line()
        assert Note.parse(garbled).verified_by(VERIFIERS) == VERIFIERS
        with pytest.raises(InvalidNote, match="does not hold"):
            Note.parse(garbled).verified_by([KEY.verifier, OTHER.verifier])
        with pytest.raises(InvalidNote, match="no key that is known"):
            Note.parse(NOTE).require([OTHER.verifier])

    def test_the_same_key_under_another_name_is_another(self) -> None:
        renamed = SigningKey("shop.example/other", bytes(range(32)))
        assert renamed.verifier.key_id != KEY.verifier.key_id
        with pytest.raises(InvalidNote):
            Note.parse(NOTE).require([renamed.verifier])

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n\n",
            "text\n",
            "text\n\n",
            "text\n\n— a",
            "text\n\n— a b\n",
            "text\n\n- a AAAA\n",
            "te\x07xt\n\n— a AAAAAAA=\n",
            "text\n\n" + "— a AAAAAAA=\n" * 65,
        ],
    )
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(InvalidNote):
            Note.parse(text)


class TestAWitness:
    def test_signs_the_time_with_the_checkpoint(self) -> None:
        signing = SigningKey("witness.example/w1", bytes(32))
        witness = VerifierKey("witness.example/w1", COSIGNATURE_V1, signing.verifier.public)
        assert VerifierKey.parse(str(witness)) == witness
        moment = 1_679_315_147
        signed = b"cosignature/v1\ntime %d\n" % moment + CHECKPOINT.text().encode()
        line = Signature(witness.name, witness.key_id, moment.to_bytes(8, "big") + signing._key.sign(signed)).line()
        assert Note.parse(NOTE + line).verified_by([KEY.verifier, witness]) == [KEY.verifier, witness]
        later = Signature(witness.name, witness.key_id, (moment + 1).to_bytes(8, "big") + signing._key.sign(signed))
        with pytest.raises(InvalidNote):
            Note.parse(NOTE + later.line()).verified_by([witness])


class TestAKey:
    @pytest.mark.parametrize(
        "text",
        [
            *("", "name", "a+530d903a", "a+530d903a+", "a+530d903a+!", "a b+530d903a+AekyeRrm56hApGFk"),
            "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+" + base64.b64encode(b"\x06" + EXAMPLE_KEY.public).decode(),
        ],
    )
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(InvalidKey):
            VerifierKey.parse(text)

    @pytest.mark.parametrize("name", ["", "a b", "a+b", "a\N{NO-BREAK SPACE}b"])
    def test_has_a_name_that_can_be_told(self, name: str) -> None:
        with pytest.raises(ValueError, match="name"):
            SigningKey(name, bytes(32))


class TestACheckpoint:
    @pytest.mark.parametrize(
        "text",
        [
            *("", "origin\n", "origin\n1\n", "\n1\n" + "A" * 43 + "=\n", "origin\n01\n" + "A" * 43 + "=\n"),
            *("origin\n-1\n" + "A" * 43 + "=\n", "origin\n1\n" + "A" * 42 + "B=\n", "origin\n1\n" + "A" * 43 + "="),
        ],
    )
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(InvalidNote):
            Checkpoint.parse(text)


class TestEntriesWithoutADatabase:
    def test_hold(self) -> None:
        assert check_entries(ENTRIES, NOTE, VERIFIERS) == []
        assert check_entries(iter(ENTRIES), NOTE, VERIFIERS, LEAVES) == []

    @pytest.mark.parametrize("place", [0, 1, 137, 255, 256, 299])
    def test_what_was_changed_is_named(self, place: int) -> None:
        changed = [*ENTRIES[:place], ENTRIES[place] + b" ", *ENTRIES[place + 1 :]]
        assert check_entries(changed, NOTE, VERIFIERS) == ["the 300 entries are not those that were sealed"]
        assert check_entries(changed, NOTE, VERIFIERS, LEAVES) == [f"position {place + 1} is not what was sealed"]
        removed = [*ENTRIES[:place], *ENTRIES[place + 1 :]]
        assert "there are 299 entries, and 300 were sealed" in check_entries(removed, NOTE, VERIFIERS, LEAVES)
        added = [*ENTRIES[:place], b"forged", *ENTRIES[place:]]
        assert check_entries(added, NOTE, VERIFIERS, LEAVES)[0] == f"position {place + 1} is not what was sealed"

    def test_two_that_were_swapped_are_named(self) -> None:
        swapped = [*ENTRIES[:7], ENTRIES[8], ENTRIES[7], *ENTRIES[9:]]
        assert check_entries(swapped, NOTE, VERIFIERS, LEAVES) == ["position 8 is not what was sealed"]

    def test_leaves_that_were_changed_with_them_do_not_help(self) -> None:
        forged = [b"forged", *ENTRIES[1:]]
        leaves = [leaf_hash(entry) for entry in forged]
        assert check_entries(forged, NOTE, VERIFIERS, leaves) == ["the 300 entries are not those that were sealed"]

    def test_nor_does_a_checkpoint_by_somebody_else(self) -> None:
        forged = SigningKey(KEY.verifier.name, bytes(32)).sign(CHECKPOINT.text())
        assert check_entries(ENTRIES, forged, VERIFIERS) == [
            "the checkpoint: no key that is known here has signed this note"
        ]
