"""How a text falls into words by which orders are found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.search_words import LONGEST, mail_words, word_of, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Ada Lovelace", {"ada", "lovelace"}),
        ("Jean-Luc O'Hara", {"jeanluc", "jean", "luc", "ohara", "hara"}),
        ("José Ñandú", {"jose", "nandu"}),
        ("STRASSE Straße", {"strasse"}),
        ("Füller „fein“ 50 ml", {"fuller", "fein", "50", "ml"}),
        ("万年筆 ＡＢＣ", {"万年筆", "abc"}),
        ("x_y", {"xy"}),
        ("— * … ", set()),
        ("", set()),
    ],
)
def test_a_name_is_found_by_its_words_and_their_parts(name: str, words: set[str]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("number", "word"),
    [
        ("N-10248", "n10248"),
        ("1Z-999/AA", "1z999aa"),
        ("pen.01", "pen01"),
        ("Ada@Example.com", "adaexamplecom"),
        ("--", ""),
    ],
)
def test_a_number_is_one_word(number: str, word: str) -> None:
    assert word_of(number) == word


def test_a_mail_address_is_found_by_the_whole_and_by_what_stands_before_the_at() -> None:
    assert set(mail_words("Ada.Lovelace@example.com")) == {"adalovelaceexamplecom", "adalovelace"}


@given(st.text())
def test_words_stand_whole_in_a_list_of_words(text: str) -> None:
    for word in words_of(text):
        assert word
        assert len(word) <= LONGEST
        assert not set(word) & set(" *\x00")


@given(st.text(), st.text())
def test_a_name_is_found_by_whatever_stands_between_its_blanks(one: str, other: str) -> None:
    asked = {word_of(term) for term in f"{one} {other}".split()} - {""}
    if one.isascii() and other.isascii():
        assert asked <= words_of(f"{one} {other}")
