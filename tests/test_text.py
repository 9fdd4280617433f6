"""Terms and their places: what a person would expect to find, found."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
import snowballstemmer

from demo.errors import InputError
from demo.text import STEMMERS, STOP_WORDS, Analysis, matching_spans, token_spans, tokens, word_spans

ENGLISH = Analysis()
PLAIN = Analysis(lower_case=True, stop_words=False, stemmer="")

TERMS = [
    ("", []),
    (" … —— !? ", []),
    ("COVID-19 and max_tokens", ["covid", "19", "and", "max", "tokens"]),
    ("Berlin's we'll DON'T it’s", ["berlin", "we", "don't", "it"]),
    ("l'eau O'Neill", ["l", "eau", "o", "neill"]),
    ("pi is 3.14159, Python 3.11.4.", ["pi", "is", "3.14159", "python", "3.11.4"]),
    ("1,000,000 or 1,234.56 or 100,000!", ["1000000", "or", "1234.56", "or", "100000"]),
    ("2019,2020 and 1,2,3 and 1,000,00", ["2019", "2020", "and", "1", "2", "3", "and", "1", "000", "00"]),
    ("error[E0502]: TS2345", ["error", "e0502", "ts2345"]),
    ("C++, c++11, C#.", ["c++", "c++", "11", "c#"]),
    ("a+b #tag", ["a", "b", "tag"]),
    ("ASP.NET on .net, net", ["asp", ".net", "on", ".net", "net"]),
    ("U.S. and U.S.A", ["us", "and", "usa"]),
    ("end.Next foo.bar", ["end", "next", "foo", "bar"]),
    ("Café cafe\u0301 CAFE", ["cafe", "cafe", "cafe"]),
    ("Straße STRASSE İstanbul", ["strasse", "strasse", "istanbul"]),
    ("ＡＢＣ１２３ ﬁle CO₂", ["abc123", "file", "co2"]),
    ("soft\u00adhyphen", ["softhyphen"]),
    ("हिन्दी में", ["हिन्दी", "में"]),
    ("北京大学", ["北京", "京大", "大学"]),
    ("猫", ["猫"]),
    ("我用iPhone手机2024年拍照", ["我用", "iphone", "手机", "2024", "年拍", "拍照"]),
    ("東京タワー、夜景", ["東京", "京タ", "タワ", "ワー", "夜景"]),
    ("ｶﾞｷﾞ", ["ガギ"]),
    ("한국어", ["한국", "국어"]),
    (unicodedata.normalize("NFD", "한국어"), ["한국", "국어"]),
    ("𠮷野家", ["𠮷野", "野家"]),
]


@pytest.mark.parametrize(("text", "expected"), TERMS)
def test_terms(text: str, expected: list[str]) -> None:
    assert tokens(text, PLAIN) == expected


@pytest.mark.parametrize("analysis", [ENGLISH, PLAIN, Analysis(lower_case=False), Analysis(stemmer="french")])
@pytest.mark.parametrize("text", [text for text, _ in TERMS])
def test_spans_lie_in_the_original_text_and_agree_with_the_tokens(text: str, analysis: Analysis) -> None:
    spans = token_spans(text, analysis)
    assert [term for term, _, _ in spans] == tokens(text, analysis)
    assert all(0 <= start < end <= len(text) for _, start, end in spans)
    assert [start for _, start, _ in spans] == sorted(start for _, start, _ in spans)


@pytest.mark.parametrize("text", [text for text, _ in TERMS])
def test_the_text_of_a_span_gives_its_term_again(text: str) -> None:
    for term, start, end in token_spans(text, PLAIN):
        assert tokens(text[start:end], PLAIN) == [term]


def test_the_english_default_drops_stop_words_and_stems_like_snowball() -> None:
    words = "nationalization running relational generously skies"
    snowball = snowballstemmer.stemmer("english")
    assert tokens(f"the {words} of it", ENGLISH) == snowball.stemWords(words.split())


def test_the_stop_words_are_lucenes_33() -> None:
    assert len(STOP_WORDS) == 33
    assert tokens(" ".join(sorted(STOP_WORDS)).upper(), ENGLISH) == []


def test_case_is_kept_when_asked() -> None:
    assert tokens("The Turkey", Analysis(lower_case=False, stemmer="")) == ["Turkey"]


def test_words_with_digits_are_not_stemmed() -> None:
    assert tokens("1990s e0502s", ENGLISH) == ["1990s", "e0502s"]


def test_the_stemmer_sees_accents_before_they_are_folded() -> None:
    assert tokens("mangé", Analysis(stemmer="french")) == [
        "mang"
    ]  # Without its accent the word would stay “mange”→“mang…”
    assert tokens("Äpfel Apfel", Analysis(stemmer="german")) == ["apfel", "apfel"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("It is not 3.5, it's C++!", ["It", "is", "not", "3.5", "it's", "C++"]),
        ("北京 has が", ["北", "京", "has", "が"]),
        ("か\u3099く", ["か\u3099", "く"]),
    ],
)
def test_words_as_they_stand(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in word_spans(text)] == words


def test_matching_spans_are_merged_and_ascending() -> None:
    text = "北京大学的大学生 run, Running to Beijing"
    spans = matching_spans(text, "大学 runs", ENGLISH)
    assert [text[start:end] for start, end in spans] == ["大学", "大学", "run", "Running"]


def test_overlapping_bigrams_become_one_span() -> None:
    assert matching_spans("在北京大学。", "北京大学", ENGLISH) == [(1, 5)]


@pytest.mark.parametrize("query", ["", "the of", "absent", "?!"])
def test_nothing_to_match_gives_no_spans(query: str) -> None:
    assert matching_spans("The plain text of a passage", query, ENGLISH) == []


def test_spans_survive_letters_that_grow_when_folded() -> None:
    text = "Die Straße, ﬁne"
    assert [text[a:b] for a, b in matching_spans(text, "STRASSE fine", PLAIN)] == ["Straße", "ﬁne"]


def test_every_offered_stemmer_exists() -> None:
    assert sorted(STEMMERS) == sorted(snowballstemmer.algorithms())


def test_an_unknown_stemmer_is_refused_in_both_languages() -> None:
    with pytest.raises(InputError, match=r"no stemmer “klingon”.*english") as caught:
        Analysis(stemmer="klingon")
    assert "klingon" in caught.value.to("zh")


def test_threads_do_not_mix_up_stems() -> None:
    syllables = ["ba", "ning", "re", "tion", "ed"]
    text = " ".join("".join(parts) for parts in product(syllables, repeat=4))
    analyses = [Analysis(stemmer=name) for name in ("english", "porter", "danish", "french", "italian", "dutch")]
    alone = [tokens(text, analysis) for analysis in analyses]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda analysis: tokens(text, analysis), analyses * 4))
    assert together == alone * 4


def test_an_endless_word_is_one_term() -> None:
    assert [len(term) for term in tokens("x" * 100_000, PLAIN)] == [100_000]
