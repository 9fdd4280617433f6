"""Judged collections by ir_datasets' ids, where that package is installed; it fetches them from the network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demo.errors import InputError, RemoteError
from demo.formats.fields import other_fields
from demo.formats.judged import Judged
from demo.formats.reading import Reading
from demo.formats.trec_runs import Run
from demo.messages import Message, listed
from demo.records import Card, Collection, Passage, Query


def read_ir_dataset(name: str) -> Judged:
    """The data set of this id, such as “msmarco-passage/trec-dl-2019/judged”.

    Raises:
        InputError: the package is not installed, knows no such id, or the set lacks queries or judgments.
        RemoteError: it cannot be fetched.
    """
    try:
        import ir_datasets
    except ModuleNotFoundError as error:
        raise InputError(
            "Reading “{name}” needs the package ir_datasets, which is not installed. Run “pip install "
            "ir_datasets”, or name a folder.",
            name=name,
        ) from error
    try:
        return from_ir_dataset(ir_datasets.load(name), name)
    except KeyError as error:
        raise InputError("ir_datasets knows no “{name}”. Look the id up at ir-datasets.com.", name=name) from error
    except (OSError, RuntimeError) as error:
        raise RemoteError(
            "“{name}” could not be fetched ({error}). Check the network, or name a folder.", name=name, error=error
        ) from error


def from_ir_dataset(dataset: Any, name: str) -> Judged:
    """The data set as a judged collection. Where it brings candidates, the collection is made of them alone.

    Candidates are a run where their scores differ; scores that are all equal, as MS MARCO's are, order nothing.

    Raises:
        InputError: it has no queries, documents or judgments.
    """
    _check_parts(dataset, name)
    qrels: dict[str, dict[str, int]] = {}
    for judgment in dataset.qrels_iter():
        qrels.setdefault(judgment.query_id, {})[judgment.doc_id] = int(judgment.relevance)
    queries = tuple(
        Query(query.query_id, _text(query), _fields(query, _text(query)))
        for query in dataset.queries_iter()
        if query.query_id in qrels
    )
    known = {query.query_id for query in queries}
    scored: dict[str, list[tuple[str, float]]] = {}
    for row in dataset.scoreddocs_iter() if dataset.has_scoreddocs() else ():
        if row.query_id in known:
            scored.setdefault(row.query_id, []).append((row.doc_id, float(row.score)))
    documents = _candidates_of(dataset, scored) if scored else dataset.docs_iter()
    passages = tuple(
        Passage(doc.doc_id, text, title, _fields(doc, text, title))
        for doc, text, title in ((doc, _text(doc), getattr(doc, "title", "")) for doc in documents)
    )
    notes = (Message("the passages are the candidates alone"),) if scored else ()
    judgments = sum(len(grades) for query_id, grades in qrels.items() if query_id in known)
    reading = Reading(("irds",), Message("from ir_datasets"), len(passages), len(queries), judgments, notes=notes)
    title = Message("{text}", text=name)
    collection = Collection(
        name,
        Card(title=title, description=reading.sentence()),
        passages,
        queries,
        {query_id: grades for query_id, grades in qrels.items() if query_id in known},
    )
    ordered = {query_id: sorted(rows, key=lambda row: -row[1]) for query_id, rows in scored.items()}
    rankings = {query_id: tuple(doc_id for doc_id, _ in rows) for query_id, rows in ordered.items()}
    scores = {query_id: tuple(score for _, score in rows) for query_id, rows in ordered.items()}
    differ = any(len(set(values)) > 1 for values in scores.values())
    return Judged(collection, reading, rankings, Run("given", rankings, scores) if differ else None)


def _candidates_of(dataset: Any, scored: dict[str, list[tuple[str, float]]]) -> Iterable[Any]:
    """The documents of the candidates, in the order in which they are first named."""
    wanted = list(dict.fromkeys(doc_id for rows in scored.values() for doc_id, _ in rows))
    found = dataset.docs_store().get_many(wanted)
    return [found[doc_id] for doc_id in wanted if doc_id in found]


def _text(row: Any) -> str:
    """A document's or a query's text: its field, or whatever ir_datasets takes for it."""
    return str(row.text) if hasattr(row, "text") else str(row.default_text())


def _fields(row: Any, *said: str) -> dict[str, str]:
    """What else a document or a query says in words and numbers, besides its id and what was taken of it."""
    values = row._asdict() if hasattr(row, "_asdict") else {}
    plain = {name: value for name, value in values.items() if isinstance(value, str | int | float)}
    return other_fields(plain, {name for name, value in plain.items() if name.endswith("_id") or value in said})


def _check_parts(dataset: Any, name: str) -> None:
    parts = {"docs": dataset.has_docs(), "queries": dataset.has_queries(), "qrels": dataset.has_qrels()}
    missing = [part for part, there in parts.items() if not there]
    if missing:
        raise InputError(
            "“{name}” has no {missing}. Choose a set with documents, queries and judgments.",
            name=name,
            missing=listed(missing),
        )
