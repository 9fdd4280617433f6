"""Data sets of ir_datasets, by objects with its interface: the package and its downloads are not needed here."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pytest

from demo.errors import InputError
from demo.formats.irds import from_ir_dataset, read_ir_dataset


class Doc(NamedTuple):
    doc_id: str
    text: str


class TitledDoc(NamedTuple):
    doc_id: str
    title: str
    body: str

    def default_text(self) -> str:
        return self.body


class Topic(NamedTuple):
    query_id: str
    title: str

    def default_text(self) -> str:
        return self.title


class Qrel(NamedTuple):
    query_id: str
    doc_id: str
    relevance: int


class Scored(NamedTuple):
    query_id: str
    doc_id: str
    score: float


class Store:
    def __init__(self, docs: Sequence[Doc | TitledDoc]) -> None:
        self._docs = {doc.doc_id: doc for doc in docs}

    def get_many(self, doc_ids: Sequence[str]) -> Mapping[str, Doc | TitledDoc]:
        return {doc_id: self._docs[doc_id] for doc_id in doc_ids if doc_id in self._docs}


class Dataset:
    """The part of ir_datasets' interface that is used."""

    def __init__(
        self,
        docs: Sequence[Doc | TitledDoc] = (Doc("1", "one"), Doc("2", "two"), Doc("3", "three")),
        queries: Sequence[Topic] = (Topic("a", "x"), Topic("b", "y")),
        qrels: Sequence[Qrel] = (Qrel("a", "1", 2), Qrel("a", "lost", 1), Qrel("z", "1", 1)),
        scored: Sequence[Scored] = (),
    ) -> None:
        self._docs, self._queries, self._qrels, self._scored = docs, queries, qrels, scored

    def has_docs(self) -> bool:
        return bool(self._docs)

    def has_queries(self) -> bool:
        return bool(self._queries)

    def has_qrels(self) -> bool:
        return bool(self._qrels)

    def has_scoreddocs(self) -> bool:
        return bool(self._scored)

    def docs_iter(self) -> Iterator[Doc | TitledDoc]:
        return iter(self._docs)

    def queries_iter(self) -> Iterator[Topic]:
        return iter(self._queries)

    def qrels_iter(self) -> Iterator[Qrel]:
        return iter(self._qrels)

    def scoreddocs_iter(self) -> Iterator[Scored]:
        return iter(self._scored)

    def docs_store(self) -> Store:
        return Store(self._docs)


def test_a_data_set_becomes_a_judged_collection() -> None:
    judged = from_ir_dataset(Dataset(), "some/set")
    assert judged.collection.key == "some/set"
    assert [(p.doc_id, p.text) for p in judged.collection.passages] == [("1", "one"), ("2", "two"), ("3", "three")]
    assert [(q.query_id, q.text) for q in judged.collection.queries] == [("a", "x")]  # only judged ones
    assert judged.collection.qrels == {"a": {"1": 2, "lost": 1}}
    assert judged.candidates == {}
    assert str(judged.reading.sentence()) == "3 passages, from ir_datasets; 1 query; 2 judgments"


def test_titles_and_other_names_of_texts_are_found() -> None:
    judged = from_ir_dataset(Dataset(docs=[TitledDoc("1", "T", "body")]), "s")
    assert judged.collection.passages[0].content == "T body"


def test_given_candidates_are_a_run_and_the_whole_collection() -> None:
    scored = [Scored("a", "3", 1.0), Scored("a", "1", 2.0), Scored("a", "gone", 0.5), Scored("b", "2", 9.0)]
    judged = from_ir_dataset(Dataset(scored=scored), "s")
    assert judged.candidates == {"a": ("1", "3", "gone")}
    assert judged.run is not None
    assert judged.run.scores == {"a": (2.0, 1.0, 0.5)}
    assert [p.doc_id for p in judged.collection.passages] == ["3", "1"]


def test_equal_scores_order_nothing() -> None:
    judged = from_ir_dataset(Dataset(scored=[Scored("a", "3", 0.0), Scored("a", "1", 0.0)]), "s")
    assert judged.candidates == {"a": ("3", "1")}
    assert judged.run is None


def test_a_set_without_judgments_is_refused() -> None:
    with pytest.raises(InputError, match="“s” has no queries, qrels"):
        from_ir_dataset(Dataset(queries=(), qrels=()), "s")


@pytest.mark.skipif(importlib.util.find_spec("ir_datasets") is not None, reason="ir_datasets is installed here")
def test_without_the_package_a_sentence_says_how_to_get_it() -> None:
    with pytest.raises(InputError, match="Run “pip install ir_datasets”, or name a folder"):
        read_ir_dataset("vaswani")
