"""BM25 through postings against rank_bm25's own loop, and against numbers worked by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import rank_bm25

from demo.errors import InputError
from demo.rankers.bm25_index import VARIANTS, Bm25Index, Bm25Settings, find_variant
from demo.records import Passage
from demo.text import Analysis

PLAIN = Analysis(lower_case=False, stop_words=False, stemmer="")

BERLIN = ["berlin people people", "berlin museum", "paris people", "rome"]


class LuceneLoop(rank_bm25.BM25Okapi):
    """rank_bm25's own loop with Lucene's idf."""

    def _calc_idf(self, nd: dict[str, int]) -> None:
        for word, n in nd.items():
            self.idf[word] = math.log1p((self.corpus_size - n + 0.5) / (n + 0.5))


LOOPS = {
    "lucene": LuceneLoop,
    "okapi": rank_bm25.BM25Okapi,
    "bm25l": rank_bm25.BM25L,
    "bm25plus": rank_bm25.BM25Plus,
}
OTHER_NUMBERS = {"k1": 0.9, "b": 0.4, "delta": 0.3, "epsilon": 0.1}


def index_of(texts: Sequence[str], variant: str = "lucene", **numbers: float) -> Bm25Index:
    passages = [Passage(str(place), text) for place, text in enumerate(texts)]
    return Bm25Index.build(passages, Bm25Settings(variant, analysis=PLAIN, **numbers))


def loop_scores(texts: Sequence[str], query: str, variant: str, **numbers: float) -> np.ndarray:
    return LOOPS[variant]([text.split() for text in texts], **numbers).get_scores(query.split())


def random_texts(seed: int, count: int, words: int) -> list[str]:
    """Passages of 0 to 30 words, frequent words much more frequent than rare ones."""
    rng = np.random.default_rng(seed)
    return [" ".join(f"w{int(w)}" for w in rng.zipf(1.4, rng.integers(0, 31)) % words) for _ in range(count)]


def test_every_variant_has_an_oracle() -> None:
    assert LOOPS.keys() == {variant.key for variant in VARIANTS}


@pytest.mark.parametrize("variant", LOOPS)
@pytest.mark.parametrize("seed", range(4))
def test_equals_rank_bm25_on_random_lists(variant: str, seed: int) -> None:
    texts = random_texts(seed, count=(3, 20, 50, 300)[seed], words=40)
    own = {name: OTHER_NUMBERS[name] for name in find_variant(variant).defaults}
    for numbers in ({}, own):
        index = index_of(texts, variant, **numbers)
        for query in ("w1", "w1 w2 w3", "w2 w2 w7 w2", "nowhere w3 nowhere", "nowhere", ""):
            expected = loop_scores(texts, query, variant, **numbers)
            np.testing.assert_allclose(index.scores(query), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("variant", LOOPS)
@pytest.mark.parametrize(
    "texts",
    [["one"], ["one two", "one two"], ["one", "", "two one one"], BERLIN, ["柏林 人口", "柏林", "ÄÖ Ü"]],
    ids=["one passage", "twins", "an empty passage", "four", "not ASCII"],
)
def test_equals_rank_bm25_on_short_lists(variant: str, texts: list[str]) -> None:
    for query in ("one", "berlin people people", "柏林 ÄÖ", "rome one two"):
        expected = loop_scores(texts, query, variant)
        np.testing.assert_allclose(index_of(texts, variant).scores(query), expected, rtol=0, atol=1e-9)


def test_defaults_are_those_of_rank_bm25() -> None:
    for variant in VARIANTS:
        loop = LOOPS[variant.key]([["word"]])
        assert variant.defaults == {name: getattr(loop, name) for name in variant.defaults}
        named = {name for name in ("k1", "b", "delta", "epsilon") if hasattr(loop, name)}
        assert variant.defaults.keys() == named - ({"epsilon"} if variant.key == "lucene" else set())


def test_lucene_idf_worked_by_hand() -> None:
    index = index_of(BERLIN)
    # “berlin” is in 2 of 4 passages: ln(1 + (4 − 2 + ½)/(2 + ½)) = ln 2, where Okapi has ln 1 = 0.
    assert index.idf("berlin") == pytest.approx(math.log(2), abs=1e-12)
    assert index_of(BERLIN, "okapi").idf("berlin") == 0
    # Lengths 3, 2, 2, 1 with mean 2. Passage 1: f = 1, L = 1: ln 2 · 1 · 2.5 / (1 + 1.5) = ln 2.
    # Passage 0: L = 1.5, b L = 1.125: ln 2 · 2.5 / (1 + 1.5 · (0.25 + 1.125)) = ln 2 · 2.5 / 3.0625.
    expected = [math.log(2) * 2.5 / 3.0625, math.log(2), 0, 0]
    np.testing.assert_allclose(index.scores("berlin"), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", LOOPS)
def test_term_weights_add_up_to_the_score(variant: str) -> None:
    texts = random_texts(7, count=60, words=30)
    index = index_of(texts, variant)
    query = "w3 w1 w3 nowhere w5"
    for place, score in enumerate(index.scores(query)):
        weights = index.term_weights(query, place)
        assert [term for term, _ in weights] == ["w3", "w1", "nowhere", "w5"]
        assert sum(weight for _, weight in weights) == pytest.approx(score, abs=1e-9)
        assert dict(weights)["nowhere"] == 0
        alone = index.term_weights("w3", place)[0][1]
        assert dict(weights)["w3"] == pytest.approx(2 * alone, abs=1e-12)


def test_bm25plus_gives_every_passage_the_floor() -> None:
    # “rome” is in 1 of 4 passages: passages without it get δ · ln(5 / 1).
    weights = index_of(BERLIN, "bm25plus").term_weights("rome", 0)
    assert weights == [("rome", pytest.approx(math.log(5), abs=1e-12))]


def test_titles_count() -> None:
    index = Bm25Index.build([Passage("a", "grows fast", "Berlin"), Passage("b", "grows fast")], Bm25Settings())
    scores = index.scores("berlin")
    assert scores[0] > scores[1] == 0


@pytest.mark.parametrize("variant", LOOPS)
@pytest.mark.parametrize("texts", [[], [""], ["", "", ""]], ids=["no passage", "one empty", "three empty"])
def test_lists_without_a_term_score_zero(variant: str, texts: list[str]) -> None:
    index = index_of(texts, variant)
    assert index.scores("berlin").tolist() == [0.0] * len(texts)
    assert (index.size, index.collapse("berlin")) == (len(texts), None)
    for place in range(len(texts)):
        assert index.term_weights("berlin", place) == [("berlin", 0.0)]


def test_query_of_stop_words_scores_zero() -> None:
    index = Bm25Index.build([Passage("a", "this is it")], Bm25Settings())
    assert index.scores("the is of").tolist() == [0.0]
    assert index.term_weights("the is of", 0) == []


def test_k1_of_zero_counts_presence_only() -> None:
    # k₁ = 0: f · 1 / f = 1 wherever the term is; “people” is in 2 of 4: ln 2.
    expected = [math.log(2), 0, math.log(2), 0]
    np.testing.assert_allclose(index_of(BERLIN, k1=0).scores("people"), expected, rtol=0, atol=1e-12)


def test_okapi_says_when_a_term_weighs_nothing() -> None:
    index = index_of(BERLIN, "okapi")
    warning = index.collapse("berlin rome")
    assert warning is not None
    assert "“berlin” weight 0 or less, because 2 of 4 passages" in str(warning)
    assert "rome" not in str(warning)
    assert "“berlin”的权重不大于 0" in warning.to("zh")
    assert index.collapse("rome nowhere") is None
    assert index_of(["a b", "b a"], "okapi").scores("a b").max() <= 0


@pytest.mark.parametrize("variant", ["lucene", "bm25l", "bm25plus"])
@pytest.mark.parametrize("texts", [["a"], ["a", "a"], BERLIN])
def test_other_variants_never_collapse(variant: str, texts: list[str]) -> None:
    index = index_of(texts, variant)
    assert index.collapse(" ".join(texts)) is None
    assert index.scores(" ".join(texts)).min() > 0 or texts is BERLIN


def test_settings_fill_in_defaults_and_compare_equal() -> None:
    assert Bm25Settings() == Bm25Settings("lucene", k1=1.5, b=0.75)
    assert hash(Bm25Settings()) == hash(Bm25Settings(k1=1.5))
    assert Bm25Settings("bm25plus").numbers == {"k1": 1.5, "b": 0.75, "delta": 1.0}
    assert Bm25Settings("okapi").delta is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"variant": "bm26"}, "“bm26”. Choose one of lucene, okapi, bm25l, bm25plus"),
        ({"k1": -0.1}, "k₁ is -0.1. Write a number from 0 to 10"),
        ({"k1": float("nan")}, "k₁ is nan"),
        ({"b": 1.01}, "b is 1.01. Write a number from 0 to 1"),
        ({"variant": "bm25l", "delta": -1}, "δ is -1"),
        ({"variant": "okapi", "epsilon": 2}, "ε is 2"),
        ({"variant": "lucene", "delta": 1}, "“lucene” has no delta; it has k1, b"),
    ],
)
def test_settings_out_of_range(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        Bm25Settings(**wrong)
