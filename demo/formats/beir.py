"""The folder layout of the BEIR benchmark: corpus.jsonl, queries.jsonl, and judgments in qrels/*.tsv or qrels.tsv."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import PurePosixPath

from demo.errors import InputError
from demo.formats.json_text import read_jsonl
from demo.formats.qrels import read_qrels
from demo.formats.source import Found, Source
from demo.formats.topics import find_queries
from demo.messages import Message, listed

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"
_MOST_NAMED = 8
_SPLITS = ("test", "dev", "validation", "train")


def read_beir(source: Source) -> Found:
    """Passages of corpus.jsonl, judgments of one split (test before dev before train), and the queries judged in it.

    Without judgments all queries are kept.

    Raises:
        InputError: a line of one of the files lacks what it needs; the sentence names file and line.
    """
    found = read_jsonl(source)
    asked = find_queries(source.folder[QUERIES]) if QUERIES in source.folder else Found(())
    queries = asked.queries
    path = _qrels_path(source.folder)
    judgments = read_qrels(source.folder[path]) if path else ()
    judged = {judgment.query_id for judgment in judgments}
    kept = tuple(query for query in queries if not judged or query.query_id in judged)
    notes: list[Message] = []
    if path:
        notes.append(Message("judgments from {path}", path=path))
    if left_out := len(queries) - len(kept):
        notes.append(Message("queries without judgments there left out: {left_out:,}", left_out=left_out))
    if unused := [name for name in source.folder if name not in (PurePosixPath(source.file).name, QUERIES, path)]:
        notes.append(Message("left out: {left_out}", left_out=listed(unused[:_MOST_NAMED])))
    return replace(
        found, queries=kept, judgments=judgments, notes=tuple(notes), repeated_queries=asked.repeated_queries
    )


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

    Queries under another name are found by who reads the files one by one, so it then stays with the sources.

    Raises:
        InputError: there are several files of that name beside queries or judgments.
    """
    corpora = [source for source in sources if PurePosixPath(source.file).name == CORPUS]
    folders = [(corpus, _files_below(corpus, sources)) for corpus in corpora]
    beir = [(corpus, files) for corpus, files in folders if _is_whole(files)]
    if not beir:
        return sources
    if len(corpora) > 1:
        names = ", ".join(corpus.file for corpus in corpora[:4])
        raise InputError(
            "There are {corpora} folders with a corpus.jsonl: {names}. Upload one at a time.",
            corpora=len(corpora),
            names=names,
        )
    corpus, files = beir[0]
    return [Source(corpus.file, corpus.content, corpus.limits, files)]


def _is_whole(files: Mapping[str, Source]) -> bool:
    """Whether the folder has BEIR's queries and judgments, or one of the two and nothing that could be the other."""
    has_qrels = bool(_qrels_path(files))
    rest = [name for name in files if name not in (CORPUS, QUERIES) and not name.endswith(".tsv")]
    return (QUERIES in files and (has_qrels or not rest)) or (has_qrels and not rest)


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
