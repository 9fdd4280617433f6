"""Judgments, candidates and rankings in the forms that other tools take: pure functions from values to text.

Readers of this package take each of them back, but for the results of MTEB, which are figures.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from demo.errors import InputError
from demo.formats.export import write_csv
from demo.formats.trec_runs import run_lines
from demo.records import Collection, Passage

Qrels = Mapping[str, Mapping[str, int]]
"""query_id → doc_id → grade."""

_NOT_IN_TAGS = re.compile(r"[^\w.+=,()\[\]-]+")
_FOLDERS = re.compile(r"[/\\]")
_QUOTED = re.compile(r"[\"“]([^\"”]*)[\"”]")
_PATH_INSIDE = re.compile(r"(?:(?<=[(+,=])|^)(?:[A-Za-z]:\\|[/.~])[^+,()\[\]=]*[/\\](?=[^/\\])")
"""Folders before the last part of a path, where a member of a fusion may begin."""
_MOST_TAG_CHARS = 80


@dataclass(frozen=True, slots=True)
class Ranked:
    """What one ranker made of one query: passages, best first, with their scores."""

    query_id: str
    doc_ids: Sequence[str]
    scores: Sequence[float]


# ---- runs --------------------------------------------------------------------------------------------------------


def run_text(name: str, rankings: Iterable[Ranked]) -> str:
    """A TREC run file of the rankings, with `run_tag(name)` as its tag.

    Raises:
        InputError: an id is empty or holds white space, which separates the columns.
    """
    return "".join(run_lines(run_tag(name), ((one.query_id, one.doc_ids, one.scores) for one in rankings)))


def run_tag(name: str) -> str:
    """The name as a tag: of paths the last part alone, an underscore for what no tag should hold; never empty."""
    name = _QUOTED.sub(lambda found: _last_part(found[1]), name)
    last = _PATH_INSIDE.sub("", name) if re.search(r"[(]", name) else _last_part(name)
    return _NOT_IN_TAGS.sub("_", last).strip("_")[:_MOST_TAG_CHARS] or "run"


def _last_part(name: str) -> str:
    """Of a path on this machine its last part; any other name as it is."""
    is_path = name.startswith(("/", ".", "~")) or "\\" in name
    return _FOLDERS.split(name.strip().rstrip("/\\"))[-1] if is_path else name


def run_files(runs: Iterable[tuple[str, Iterable[Ranked]]]) -> dict[str, str]:
    """Run files by their names, one for each ranker's key with its rankings; no two names are alike in small letters.

    Raises:
        InputError: as `run_text`.
    """
    files: dict[str, str] = {}
    taken: set[str] = set()
    for key, rankings in runs:
        tag = run_tag(key)
        name = next(name for n in count(1) if (name := f"{tag}-{n}" if n > 1 else tag).casefold() not in taken)
        taken.add(name.casefold())
        files[f"{name}.run"] = run_text(name, rankings)
    return files


# ---- judgments ---------------------------------------------------------------------------------------------------


def qrels_beir(qrels: Qrels) -> str:
    """The three columns of BEIR with their header, separated by tabs."""
    rows = (f"{query}\t{doc}\t{grade}\n" for query, doc, grade in _judged(qrels))
    return "".join(["query-id\tcorpus-id\tscore\n", *rows])


def qrels_quepid(qrels: Qrels, collection: Collection) -> str:
    """The CSV that Quepid imports ratings from: query text, docid, rating. Queries without a text are named by id."""
    texts = {query.query_id: query.text for query in collection.queries}
    rows = [(texts.get(query, query), doc, grade) for query, doc, grade in _judged(qrels)]
    return write_csv([("query", "docid", "rating"), *rows])


def qrels_jsonl(qrels: Qrels) -> str:
    """A judgment a line, as data sets on Hugging Face have them."""
    return _lines({"query-id": query, "corpus-id": doc, "score": grade} for query, doc, grade in _judged(qrels))


def _judged(qrels: Qrels) -> list[tuple[str, str, int]]:
    return [(query, doc, grade) for query, grades in qrels.items() for doc, grade in grades.items()]


# ---- candidates --------------------------------------------------------------------------------------------------


def candidates_rank_llm(collection: Collection, rankings: Iterable[Ranked]) -> str:
    """A request of RankLLM a line: the query, and its candidates in their order with text and score."""
    queries = {query.query_id: query.text for query in collection.queries}
    passages = {passage.doc_id: passage for passage in collection.passages}
    return _lines(
        {
            "query": {"text": queries.get(one.query_id, ""), "qid": one.query_id},
            "candidates": [
                {"docid": doc_id, "score": float(score), "doc": _document(passages[doc_id])}
                for doc_id, score in zip(one.doc_ids, one.scores, strict=True)
            ],
        }
        for one in rankings
    )


def _document(passage: Passage) -> dict[str, object]:
    document = {"_id": passage.doc_id, "title": passage.title, "text": passage.text}
    return {**document, "metadata": dict(passage.fields)} if passage.fields else dict(document)


def collection_beir(collection: Collection) -> dict[str, str]:
    """The files of a BEIR folder by their paths in it; no qrels where nothing is judged."""
    corpus = _lines(_document(passage) for passage in collection.passages)
    queries = _lines(
        {"_id": query.query_id, "text": query.text} | ({"metadata": dict(query.fields)} if query.fields else {})
        for query in collection.queries
    )
    files = {"corpus.jsonl": corpus, "queries.jsonl": queries}
    return {**files, "qrels/test.tsv": qrels_beir(collection.qrels)} if any(collection.qrels.values()) else files


def set_to_rerank(collection: Collection, relevant_from: int = 1) -> str:
    """A query a line with its positive and its other judged passages, as reranking tasks of MTEB have them.

    Passages that nobody judged are left out, and so are queries without a positive one.

    Raises:
        InputError: no query has any.
    """
    passages = {passage.doc_id: passage for passage in collection.passages}
    rows = []
    for query in collection.queries:
        grades = {doc: grade for doc, grade in collection.qrels.get(query.query_id, {}).items() if doc in passages}
        positive = [passages[doc].content for doc, grade in grades.items() if grade >= relevant_from]
        negative = [passages[doc].content for doc, grade in grades.items() if grade < relevant_from]
        if positive:
            rows.append({"query": query.text, "positive": positive, "negative": negative})
    if not rows:
        raise InputError(
            "No passage is judged relevant (grade {grade} or more), so there is no set to rerank. Judge one first.",
            grade=relevant_from,
        )
    return _lines(rows)


# ---- results -----------------------------------------------------------------------------------------------------


PRODUCER = "rerank-lens"
"""Stands in place of MTEB's own version, which did not make the figures."""


def result_mteb(task: str, main: str, means: Mapping[str, float]) -> str:
    """The result of a task as MTEB keeps it: one split “test”, the figures by their names, `main` among them."""
    scores = {name.lower().replace("@", "_at_"): round(value, 6) for name, value in means.items()}
    main_score = scores[main.lower().replace("@", "_at_")]
    split = [{**scores, "main_score": main_score, "hf_subset": "default", "languages": []}]
    result = {"task_name": task, "mteb_version": PRODUCER, "dataset_revision": "", "scores": {"test": split}}
    return json.dumps(result, ensure_ascii=False, indent=2) + "\n"


def _lines(values: Iterable[object]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
