"""Judged collections, what of them is reranked, and the figures of the table."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ir_measures", reason="needs ir_measures")
pytest.importorskip("tqdm", reason="needs demo/training/requirements.txt")

from demo.training.evaluate import bm25_candidates, bm25_run, column, measure, rerank, table
from demo.training.judged import Judged, read_all

CORPUS = [
    {"_id": "d1", "title": "Cats", "text": "Cats chase mice."},
    {"_id": "d2", "title": "Dogs", "text": "Dogs chase cats, cats and cats."},
    {"_id": "d3", "title": "", "text": "Birds sing."},
]
QUERIES = [{"_id": "q1", "text": "cats"}, {"_id": "q2", "text": "not judged"}]


def write(folder: Path, qrels: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, rows in (("corpus", CORPUS), ("queries", QUERIES)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    for name, lines in qrels.items():
        (folder / name).write_text("query-id\tcorpus-id\tscore\n" + lines, encoding="utf-8")
    return folder


@pytest.fixture
def search(tmp_path: Path) -> Judged:
    write(tmp_path / "cats", {"qrels.tsv": "q1\td1\t2\nq1\td3\t1\n"})
    return read_all(tmp_path)[0]


def backwards(query: str, texts: Sequence[str]) -> np.ndarray:
    """A reranker that turns its input round."""
    return np.arange(len(texts), dtype=np.float32)


def test_only_queries_with_a_relevant_passage_are_kept(search: Judged) -> None:
    assert [q.query_id for q in search.queries] == ["q1"]
    assert not search.rerank_judged


def test_each_qrels_file_is_its_own_entry_and_is_named(tmp_path: Path) -> None:
    write(tmp_path / "cats", {"qrels.tsv": "q1\td1\t1\n", "qrels_strict.tsv": "q1\td2\t1\n"})
    assert [column(j) for j in read_all(tmp_path)] == ["cats NDCG@10", "cats (qrels_strict.tsv) NDCG@10"]


def test_judged_rows_are_reordered_where_irrelevant_ones_are_judged(tmp_path: Path) -> None:
    write(tmp_path / "rows", {"qrels.tsv": "q1\td3\t1\nq1\td2\t0\n"})
    judged = read_all(tmp_path)[0]
    candidates = bm25_candidates(judged)
    assert [judged.passages[i].doc_id for i in candidates.passages["q1"]] == ["d2", "d3"]
    assert judged.passages[0].content == "Cats Cats chase mice."
    # The relevant row is second for BM25, first when turned round.
    assert measure(judged, bm25_run(judged, candidates)) == pytest.approx(0.5)
    assert measure(judged, rerank(judged, candidates, backwards, "backwards")) == pytest.approx(1.0)


def test_titles_are_left_out_where_they_are_the_same_for_all_judged_rows(tmp_path: Path) -> None:
    write(tmp_path / "rows", {"qrels.tsv": "q1\td3\t1\nq2\td2\t0\n"})
    assert read_all(tmp_path)[0].passages[0].content == "Cats chase mice."


def test_bm25_gives_no_more_than_the_depth(search: Judged) -> None:
    assert len(bm25_candidates(search, depth=2).passages["q1"]) == 2


def test_ndcg_by_hand(search: Judged) -> None:
    """Gains 2 (d1) and 1 (d3). In the order d1, d2, d3: (2 + 1 / log2 4) / (2 + 1 / log2 3)."""
    run = {"q1": {"d1": 3.0, "d2": 2.0, "d3": 1.0}}
    assert measure(search, run) == pytest.approx((2 + 1 / math.log2(4)) / (2 + 1 / math.log2(3)), abs=1e-6)


def test_equal_scores_keep_the_order_of_the_candidates(search: Judged) -> None:
    candidates = bm25_candidates(search)
    tied = rerank(search, candidates, lambda _, texts: np.zeros(len(texts), np.float32), "tied")
    first = sorted(tied["q1"], key=lambda d: -tied["q1"][d])
    assert first == [search.passages[i].doc_id for i in candidates.passages["q1"]]


def test_the_table_has_a_cell_for_every_collection() -> None:
    text = table([("BM25", {"a": 0.5}), ("tiny", {"a": 0.25, "b": 1.0})], ["a", "b"])
    assert text.splitlines() == [
        "| ranker | a | b |",
        "|---|---|---|",
        "| BM25 | 0.500 |  |",
        "| tiny | 0.250 | 1.000 |",
    ]


TINY = Path(__file__).parents[2] / "demo" / "bundled" / "tiny"


@pytest.mark.skipif(not (TINY / "config.json").is_file(), reason="no bundled model")
def test_quick_scores_are_nearly_the_apps_own() -> None:
    evaluate = pytest.importorskip("demo.training.evaluate")
    texts = ["Berlin has 3.7 million inhabitants.", "Berlin has museums.", "", "Bread rises overnight. " * 40]
    own, quick = (open_model(TINY, 2) for open_model in (evaluate.cross_encoder, evaluate.quick_cross_encoder))
    query = "How many people live in Berlin?"
    assert quick(query, texts) == pytest.approx(own(query, texts), abs=0.2)


@pytest.mark.data
@pytest.mark.skipif("RERANK_LENS_DATA" not in os.environ, reason="RERANK_LENS_DATA names no folder of judged data")
def test_the_shipped_model_beats_bm25_on_the_judged_rows_of_wikiqa() -> None:
    evaluate = pytest.importorskip("demo.training.evaluate")
    judged = next(j for j in read_all(Path(os.environ["RERANK_LENS_DATA"]) / "collections") if j.name == "wikiqa_dev")
    candidates = bm25_candidates(judged)
    reranked = measure(judged, rerank(judged, candidates, evaluate.cross_encoder(TINY, 2), "tiny"))
    assert reranked > max(measure(judged, bm25_run(judged, candidates)), 0.659)
