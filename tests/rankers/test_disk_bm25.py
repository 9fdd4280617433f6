"""BM25 by tantivy against the app's own: equal up to 40 terms, and within what one byte of length leaves beyond."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeSource, collection_of, request, service_with

from demo.errors import InputError
from demo.rankers.bm25 import Bm25
from demo.rankers.bm25_index import Bm25Settings
from demo.rankers.disk_bm25 import DiskBm25
from demo.rankers.disk_indexes import DiskIndexes
from demo.records import Collection, Passage, Query, Ranking
from demo.settings import Settings
from demo.text import Analysis

pytest.importorskip("tantivy", reason="tantivy is not installed: pip install -r requirements-search.txt")

PLAIN = Analysis(stop_words=False, stemmer="")


def made(seed: int, count: int, longest: int) -> Collection:
    """Passages of 0 to `longest` words, some words much more frequent than others."""
    draw = np.random.default_rng(seed)
    texts = [" ".join(f"w{int(w)}" for w in draw.zipf(1.3, draw.integers(0, longest + 1)) % 60) for _ in range(count)]
    return collection_of(tuple(Passage(f"d{place}", text) for place, text in enumerate(texts)))


def ranked(ranker: DiskBm25 | Bm25, query: str, collection: Collection) -> Ranking:
    return ranker.rank(Query("q", query), collection, np.arange(len(collection.passages), dtype=np.int64)).run()


def own(analysis: Analysis) -> Bm25:
    """The app's BM25 with the engine's parameters."""
    return Bm25(Bm25Settings(k1=1.2, b=0.75, analysis=analysis))


QUERIES = ("w1", "w1 w2 w3", "w7 w7 w9", "w59 unknown", "unknown", "")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("query", QUERIES)
def test_equals_our_bm25_up_to_40_terms(seed: int, query: str) -> None:
    collection = made(seed, 200, 40)
    here, there = ranked(own(PLAIN), query, collection), ranked(DiskBm25(PLAIN), query, collection)
    assert there.found.tolist() == here.found.tolist()
    assert there.scores == pytest.approx(here.scores, rel=1e-5)


@pytest.mark.parametrize("query", QUERIES[:3])
def test_longer_passages_score_a_little_higher(query: str) -> None:
    collection = made(5, 200, 400)
    here, there = ranked(own(PLAIN), query, collection), ranked(DiskBm25(PLAIN), query, collection)
    assert there.found.tolist() == here.found.tolist()
    found = here.found
    ratio = there.scores[found] / here.scores[found]
    # one byte holds the length's first four bits: it is rounded down by less than an eighth
    assert ratio.min() > 1 - 1e-5
    assert 1.001 < ratio.max() < 1 / (1 - 1 / 8)


@pytest.mark.parametrize("analysis", [Analysis(), Analysis(stemmer="german"), PLAIN])
def test_passages_are_cut_as_for_bm25(analysis: Analysis) -> None:
    texts = (
        "The Berliner walks; walking, he walked.",
        "Die Katzen und die Katze",
        "柏林有三百万居民",
        "Zürich’s",
        "",
    )
    collection = collection_of(tuple(Passage(f"d{place}", text) for place, text in enumerate(texts)))
    for query in ("walk the Katze", "柏林", "zürich lake"):
        here, there = ranked(own(analysis), query, collection), ranked(DiskBm25(analysis), query, collection)
        assert there.found.tolist() == here.found.tolist()
        assert there.scores == pytest.approx(here.scores, rel=1e-5)


def test_an_index_is_made_once_and_goes_with_its_collection(tmp_path: Path) -> None:
    ranker, collection = DiskBm25(PLAIN, DiskIndexes(str(tmp_path))), made(0, 50, 20)
    first, again = ranked(ranker, "w1", collection), ranked(ranker, "w1", collection)
    assert first.cost.index_seconds > 0 == again.cost.index_seconds
    assert len(list(tmp_path.iterdir())) == 1
    del collection
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Choose another folder with RERANK_LENS_INDEXES_FOLDER"):
        ranked(DiskBm25(PLAIN, DiskIndexes(str(tmp_path / "none"))), "w1", made(0, 5, 5))


def test_it_is_a_first_stage_like_any_other() -> None:
    service = service_with(FakeSource(), Settings())
    assert "tantivy" in [str(stage) for stage in service.rankers.first_stages()]
    first = service.rankers.read("tantivy")
    result = service.run(request(first=first, depth=2), service.rankers.read_all("tantivy, tiny")).run()
    assert [passage.doc_id for passage in result.candidates] == ["d3", "d1"]
    assert not result.failures


def test_no_passages_give_no_scores() -> None:
    assert ranked(DiskBm25(PLAIN), "w1", collection_of(())).scores.size == 0
