"""The folder layout of the BEIR benchmark: corpus.jsonl, queries.jsonl, and judgments in qrels/*.tsv or qrels.tsv."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import PurePosixPath

from demo.errors import InputError
from demo.formats.json_text import json_lines, read_grade, read_jsonl, read_query
from demo.formats.source import Found, Judgment, Place, Source
from demo.messages import Message
from demo.records import Query

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"
_SPLITS = ("test", "dev", "validation", "train")


def read_beir(source: Source) -> Found:
    """Passages of corpus.jsonl, judgments of one split (test before dev before train), and the queries judged in it.

    Without judgments all queries are kept.

    Raises:
        InputError: a line of one of the files lacks what it needs; the sentence names file and line.
    """
    found = read_jsonl(source)
    queries = read_queries(source.folder[QUERIES]) if QUERIES in source.folder else ()
    path = _qrels_path(source.folder)
    judgments = read_qrels(source.folder[path]) if path else ()
    judged = {judgment.query_id for judgment in judgments}
    kept = tuple(query for query in queries if not judged or query.query_id in judged)
    notes: list[Message] = []
    if path:
        notes.append(Message("judgments from {path}", path=path))
    if left_out := len(queries) - len(kept):
        notes.append(Message("queries without judgments there left out: {left_out:,}", left_out=left_out))
    return Found(found.entries, found.empty_lines, found.empty_passages, kept, judgments, tuple(notes))


def is_beir(source: Source) -> bool:
    """Whether it is the corpus of a folder that has been put together."""
    return bool(source.folder)


def example_zip() -> bytes:
    """A folder of two passages, one query and one judgment."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "example/corpus.jsonl",
            '{"_id": "b1", "title": "Berlin", "text": "Berlin has 3.5 million people."}\n'
            '{"_id": "b2", "title": "Museums", "text": "Berlin is known for museums."}\n',
        )
        archive.writestr("example/queries.jsonl", '{"_id": "q1", "text": "How many people live in Berlin?"}\n')
        archive.writestr("example/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\tb1\t3\n")
    return file.getvalue()


def gather_folders(sources: list[Source]) -> list[Source]:
    """The sources, or instead of them the one corpus.jsonl among them with the files of its folder.

    Raises:
        InputError: there are several files of that name beside queries or judgments.
    """
    corpora = [source for source in sources if PurePosixPath(source.file).name == CORPUS]
    folders = [(corpus, _files_below(corpus, sources)) for corpus in corpora]
    beir = [(corpus, files) for corpus, files in folders if QUERIES in files or _qrels_path(files)]
    if not beir:
        return sources
    if len(corpora) > 1:
        names = ", ".join(corpus.file for corpus in corpora[:4])
        raise InputError(
            Message(
                "There are {corpora} folders with a corpus.jsonl: {names}. Upload one at a time.",
                corpora=len(corpora),
                names=names,
            )
        )
    corpus, files = beir[0]
    return [Source(corpus.file, corpus.content, corpus.limits, files)]


def _files_below(corpus: Source, sources: list[Source]) -> dict[str, Source]:
    """The files of the corpus's folder, by their paths in it."""
    folder = PurePosixPath(corpus.file).parent
    paths = [(PurePosixPath(source.file), source) for source in sources]
    return {str(path.relative_to(folder)): source for path, source in paths if path.is_relative_to(folder)}


def _qrels_path(folder: Mapping[str, Source]) -> str:
    """The file of judgments to use, or ""."""
    wanted = [f"qrels/{split}.tsv" for split in _SPLITS] + ["qrels.tsv"] + [f"{split}.tsv" for split in _SPLITS]
    others = sorted(path for path in folder if path.startswith("qrels/") and path.endswith(".tsv"))
    return next((path for path in [*wanted, *others] if path in folder), "")


def read_queries(source: Source) -> tuple[Query, ...]:
    """The queries of a queries.jsonl, in its order.

    Raises:
        InputError: a line lacks `_id` or `text`, or repeats an earlier line's id.
    """
    return distinct_queries((place, read_query(value, place)) for place, value in json_lines(source))


def distinct_queries(queries: Iterable[tuple[Place, Query]]) -> tuple[Query, ...]:
    """The queries, each of which has an id of its own.

    Raises:
        InputError: one repeats an earlier one's id; the sentence names both places.
    """
    places: dict[str, Place] = {}
    kept: list[Query] = []
    for place, query in queries:
        if (earlier := places.get(query.query_id)) is not None:
            where, other = place.start, earlier.text
            raise InputError(
                Message(
                    "{where} repeats the id “{query_id}” of {other}. Give every query an id of its own.",
                    where=where,
                    query_id=query.query_id,
                    other=other,
                )
            )
        places[query.query_id] = place
        kept.append(query)
    return tuple(kept)


def read_qrels(source: Source) -> tuple[Judgment, ...]:
    """The judgments of a file of query id, passage id and grade, or of TREC's four columns, with or without a header.

    Raises:
        InputError: a line has another number of columns, a grade that is not a whole number, or judges a pair again
            with another grade.
    """
    judgments: dict[tuple[str, str], Judgment] = {}
    header_may_come = True
    for number, line in enumerate(source.lines, 1):
        if not line.strip():
            continue
        cells = line.split("\t") if "\t" in line else line.split()
        is_header = header_may_come and cells[-1].strip().lower() in ("score", "grade", "relevance", "label")
        header_may_come = False
        if is_header:
            continue
        judgment = _judgment(source, number, [cell.strip() for cell in cells])
        pair = judgment.query_id, judgment.doc_id
        if (earlier := judgments.get(pair)) is not None and earlier.grade != judgment.grade:
            where, other = judgment.place.start, earlier.place.text
            raise InputError(
                Message(
                    "{where} gives query “{pair}” and passage “{pair_2}” grade {grade}, {other} gives them {grade_2}. "
                    "Keep one of the two.",
                    where=where,
                    pair=pair[0],
                    pair_2=pair[1],
                    grade=judgment.grade,
                    other=other,
                    grade_2=earlier.grade,
                )
            )
        judgments[pair] = judgment
    return tuple(judgments.values())


def _judgment(source: Source, number: int, cells: list[str]) -> Judgment:
    place = source.line(number)
    if len(cells) not in (3, 4) or not all(cells):
        where = place.start
        raise InputError(
            Message(
                "{where} has {cells} columns. Judgments need query id, passage id and grade, separated by tabs.",
                where=where,
                cells=len(cells),
            )
        )
    return Judgment(place, cells[0], cells[-2], read_grade(cells[-1], place))
