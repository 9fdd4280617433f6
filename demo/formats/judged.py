"""Several files that make one judged collection: a corpus, queries and qrels, perhaps a run with the candidates.

    files ─► which is what (`ROLES`) ─► read each ─► one collection with its complete qrels ─► Judged

Without a file of qrels it is a collection all the same, on which nothing can be measured but what rankers change.
Unlike an upload to rank, judgments of passages that the corpus lacks are kept: the ideal ranking and recall count them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from demo.errors import InputError
from demo.formats.answers import looks_like_answers, read_answers
from demo.formats.archive import File, unpack
from demo.formats.assembly import assemble
from demo.formats.beir import CORPUS, QUERIES, read_qrels
from demo.formats.json_text import looks_like_json, looks_like_jsonl, read_json, read_jsonl
from demo.formats.plain import has_id_lines, read_id_lines
from demo.formats.reading import Reading
from demo.formats.source import Found, Judgment, Limits, Source
from demo.formats.tables import has_csv_header, has_tsv_header, read_csv, read_tsv
from demo.formats.topics import read_topics
from demo.formats.trec_runs import Run, looks_like_run, read_run
from demo.formats.trec_sgml import looks_like_documents, looks_like_topics, read_documents
from demo.messages import Message, listed
from demo.records import Collection

_SUFFIXES = (
    *(".jsonl", ".ndjson", ".json", ".tsv", ".tab", ".csv", ".txt", ".text", ".qrels", ".qrel", ".run", ".trec"),
    *(".sgml", ".sgm", ".xml", ".topics", ".qry", ".dat", ".gz", ".zip", ""),
)
_NUMBERED = re.compile(r"\.\d[\d-]*")
"""How TREC ends names of files: topics.301-350, fbis.0."""
_BESIDE = re.compile(r"(?:^|/)(?:readme|licen[cs]e|source|notice|changes)[^/]*$", re.IGNORECASE)
_SAMPLE_LINES = 20


@dataclass(frozen=True, eq=False)
class Judged:
    """A collection to evaluate on.

    Attributes:
        collection: its qrels hold every judgment of its queries, also of passages that it lacks; empty without qrels.
        candidates: query_id → doc_ids to rerank, best first where they come of a run; empty where files give none.
        run: the run that they come of, if any.
        reading: how the files were understood.
    """

    collection: Collection
    reading: Reading
    candidates: Mapping[str, Sequence[str]] = field(default_factory=dict)
    run: Run | None = None

    @classmethod
    def bundled(cls, collection: Collection) -> Judged:
        """A collection that comes with the app."""
        judgments = sum(map(len, collection.qrels.values()))
        passages, queries = len(collection.passages), len(collection.queries)
        return cls(collection, Reading(("bundled",), Message("bundled"), passages, queries, judgments))


# ---- which file is what ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Role:
    """What a file can be.

    Attributes:
        named: whether its path says so; shaped: whether its content does. A name goes before any shape.
    """

    key: str
    label: Message
    named: re.Pattern[str]
    shaped: Callable[[Source], bool]


@dataclass(frozen=True, slots=True)
class CorpusFormat:
    """One way to write passages with ids."""

    key: str
    fits: Callable[[Source], bool]
    read: Callable[[Source], Found]


CORPUS_FORMATS = (
    CorpusFormat("trec_sgml", looks_like_documents, read_documents),
    CorpusFormat("jsonl", looks_like_jsonl, read_jsonl),
    CorpusFormat("json", looks_like_json, read_json),
    CorpusFormat("tsv", has_tsv_header, read_tsv),
    CorpusFormat("csv", has_csv_header, read_csv),
    CorpusFormat("id_lines", has_id_lines, read_id_lines),
)
"""In the order in which they are tried."""


def _path(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _rows(source: Source) -> list[list[str]]:
    """The cells of the first lines that hold something."""
    lines = [line for line in source.lines[: 2 * _SAMPLE_LINES] if line.strip()][:_SAMPLE_LINES]
    return [line.split("\t") if "\t" in line else line.split() for line in lines]


def _has_qrels(source: Source) -> bool:
    """Whether all first lines but a header have three or four single words, the last a whole number."""
    rows = _rows(source)
    bodies = rows[1:] if rows and not rows[0][-1].strip().removeprefix("-").isdecimal() else rows
    return bool(bodies) and all(
        len(cells) in (3, 4)
        and all(len(cell.split()) == 1 for cell in cells)
        and cells[-1].strip().removeprefix("-").isdecimal()
        for cells in bodies
    )


def _has_passages(source: Source) -> bool:
    return any(row.fits(source) for row in CORPUS_FORMATS)


ROLES = (
    Role("qrels", Message("qrels"), _path(r"qrel"), _has_qrels),
    Role("run", Message("run"), _path(r"(?:^|/)runs?[._/-]|\.run(?:\.gz)?$"), looks_like_run),
    Role("answers", Message("set to rerank"), _path(r"(?!)"), looks_like_answers),
    Role(
        "queries",
        Message("queries"),
        _path(r"(?:quer(?:y|ies)|topics?|questions?)[^/]*$"),
        looks_like_topics,
    ),
    Role("corpus", Message("corpus"), _path(r"(?:corpus|collection|docs|documents|passages)[^/]*$"), _has_passages),
)
"""What files can be; of several that fit, the first."""


def role_of(source: Source) -> str:
    """The key of the file's role by its name, else by its content; "" if it has none.

    A set to rerank is told by its content even where its name speaks of questions or passages.
    """
    name = next((role.key for role in ROLES if role.named.search(source.file)), "")
    if name in ("qrels", "run"):
        return name
    if looks_like_answers(source):
        return "answers"
    return name or next((role.key for role in ROLES if role.shaped(source)), "")


# ---- reading -----------------------------------------------------------------------------------------------------


def read_judged_folder(path: Path, limits: Limits, qrels: str = "") -> Judged:
    """The judged collection in a folder (and its folder qrels), or in one archive or file.

    Args:
        qrels: the file of judgments where there are several, by its path in the folder; "" takes BEIR's usual one.

    Raises:
        InputError: the path does not exist or cannot be read, or as for `read_judged_files`.
    """
    try:
        if path.is_dir():
            paths = sorted(one for pattern in ("*", "qrels/*") for one in path.glob(pattern) if _is_read(one))
            files = [(one.relative_to(path).as_posix(), one.read_bytes()) for one in paths]
        else:
            files = [(path.name, path.read_bytes())]
    except OSError as error:
        raise InputError(
            Message(
                "{path} cannot be read ({strerror}). Name a folder with a corpus, queries and qrels, or an archive.",
                path=path,
                strerror=error.strerror,
            )
        ) from error
    return read_judged_files(files, limits, path.resolve().name or "collection", qrels)


def _is_read(path: Path) -> bool:
    hidden = path.name.startswith(".") or _BESIDE.search(path.name) is not None
    suffix = path.suffix.lower()
    return path.is_file() and not hidden and (suffix in _SUFFIXES or _NUMBERED.fullmatch(suffix) is not None)


def read_judged_files(files: Sequence[File], limits: Limits, key: str, qrels: str = "") -> Judged:
    """The judged collection that the files make, archives opened; `key` is its key and title.

    Raises:
        InputError: no corpus or queries among them, or several files where one is needed; a file breaks its rules; no
            judgment names a query or a passage that is there. The sentence names the file, and the line where one is
            wrong.
    """
    sources = [Source(_shortened(name, files), content, limits) for name, content in unpack(files, limits)]
    parts: dict[str, list[Source]] = {role.key: [] for role in ROLES}
    left_out: list[str] = []
    for source in sources:
        role = role_of(source)
        if role:
            parts[role].append(source)
        else:
            left_out.append(source.file)
    notes = (Message("left out: {left_out}", left_out=listed(left_out)),) if left_out else ()
    if parts["answers"] and not parts["corpus"]:
        return _from_answers(parts, key, qrels, notes, limits)
    return _from_parts(parts, key, qrels, notes, limits)


def _shortened(name: str, files: Sequence[File]) -> str:
    """The path without the archive and the folder in it where everything comes of one."""
    parts = PurePosixPath(name).parts
    inside_archive = len(files) == 1 and len(parts) > 1
    return PurePosixPath(*parts[-2:] if parts[-2] == "qrels" else parts[-1:]).as_posix() if inside_archive else name


def _from_parts(
    parts: Mapping[str, list[Source]], key: str, qrels: str, notes: tuple[Message, ...], limits: Limits
) -> Judged:
    corpus = _corpus_files(parts["corpus"])
    queries = read_topics(_one(parts, "queries", QUERIES))
    judgments, origin = _judgments(parts, qrels)
    found = [*map(_read_passages, corpus), Found((), queries=queries, judgments=judgments or ())]
    judged = _assembled(found, judgments, key, (origin, *notes), limits)
    if len(parts["run"]) != 1:
        return judged
    run = read_run(parts["run"][0])
    return replace(judged, candidates=run.rankings, run=run)


def _judgments(parts: Mapping[str, list[Source]], qrels: str) -> tuple[tuple[Judgment, ...] | None, Message]:
    """The judgments, None where no file has any, and where they come from."""
    if not parts["qrels"] and not qrels:
        return None, Message("no judgments: what rankers change is told, not which is better")  # fmt: skip
    source = _qrels_file(parts, qrels)
    return read_qrels(source), Message("judgments from {file}", file=source.file)


def _from_answers(
    parts: Mapping[str, list[Source]], key: str, qrels: str, notes: tuple[Message, ...], limits: Limits
) -> Judged:
    answers = read_answers(_one(parts, "answers", ""))
    judgments = answers.found.judgments
    found = [answers.found]
    if parts["qrels"]:
        judgments = read_qrels(_qrels_file(parts, qrels))
        found = [replace(answers.found, judgments=judgments)]
    return replace(_assembled(found, judgments, key, notes, limits), candidates=answers.candidates)


def _assembled(
    found: Sequence[Found], judgments: Sequence[Judgment] | None, key: str, notes: tuple[Message, ...], limits: Limits
) -> Judged:
    """The collection with every judgment of its queries, and a reading that says which passages are not there.

    Args:
        judgments: None where there are none and none are missed.
    """
    title = Message("{text}", text=key)
    manner = Message("from a collection")
    if judgments is not None:
        manner = Message("from a judged collection")
    reading = Reading(("judged",), manner, 0, notes=notes)
    loaded = assemble(found, reading, key, title, title, limits)
    collection = loaded.collection
    qrels: dict[str, dict[str, int]] = {query.query_id: {} for query in collection.queries}
    foreign: set[str] = set()
    for judgment in judgments or ():
        if judgment.query_id in qrels:
            qrels[judgment.query_id][judgment.doc_id] = judgment.grade
        else:
            foreign.add(judgment.query_id)
    known = {passage.doc_id for passage in collection.passages}
    absent = sum(doc_id not in known for grades in qrels.values() for doc_id in grades)
    if judgments is not None:
        _check_judgments(judgments, collection, absent)
    clauses = [
        (absent, Message("judgments of passages that the corpus lacks, kept for the ideal ranking: {absent:,}",
                         absent=absent)),
        (len(foreign), Message("judged queries without a text, left out: {foreign:,}", foreign=len(foreign))),
    ]  # fmt: skip
    reading = replace(
        loaded.reading,
        judgments=sum(map(len, qrels.values())),
        unknown_judgments=0,
        notes=(*loaded.reading.notes, *(clause for count, clause in clauses if count)),
    )
    card = replace(collection.card, description=reading.sentence())
    judged = {query_id: grades for query_id, grades in qrels.items() if grades}
    return Judged(replace(collection, card=card, qrels=judged), reading)


def _read_passages(source: Source) -> Found:
    row = next((row for row in CORPUS_FORMATS if row.fits(source)), None)
    if row is not None:
        return row.read(source)
    raise InputError(
        Message(
            "{file} is not a corpus that can be read. Write JSON lines with “_id” and “text”, an id, a tab and "
            "the text on each line, or TREC's <DOC>.",
            file=source.file,
        )
    )


# ---- which of several --------------------------------------------------------------------------------------------


def _corpus_files(sources: Sequence[Source]) -> Sequence[Source]:
    """BEIR's corpus.jsonl, else every corpus file."""
    beir = [source for source in sources if PurePosixPath(source.file).name == CORPUS]
    if sources:
        return beir or sources
    raise _missing("corpus")


def _one(parts: Mapping[str, list[Source]], role: str, usual: str) -> Source:
    sources = parts[role]
    chosen = [source for source in sources if PurePosixPath(source.file).name == usual] or sources
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise _missing(role)
    raise _several(role, chosen)


_USUAL_QRELS = ("qrels/test.tsv", "qrels.tsv", "qrels/dev.tsv", "qrels/validation.tsv", "qrels/train.tsv")


def _qrels_file(parts: Mapping[str, list[Source]], asked: str) -> Source:
    sources = {source.file: source for source in parts["qrels"]}
    if asked:
        if asked in sources:
            return sources[asked]
        names = ", ".join(sources) or "–"
        raise InputError(
            Message("There are no qrels “{asked}” in the collection. Found: {names}.", asked=asked, names=names)
        )
    usual = next((sources[name] for name in _USUAL_QRELS if name in sources), None)
    return usual or _one(parts, "qrels", "")


def _label(role: str) -> Message:
    return next(row.label for row in ROLES if row.key == role)


def _missing(role: str) -> InputError:
    label = _label(role)
    return InputError(
        Message(
            "There is no file of {label} among the files. A corpus and queries are needed, and qrels to measure "
            "quality; or one table of questions, answers and labels.",
            label=label,
        )
    )


def _several(role: str, sources: Sequence[Source]) -> InputError:
    label, names = _label(role), [source.file for source in sources[:6]]
    return InputError(
        Message(
            "There are {sources} files of {label}: {names}. Name one, or leave only one there.",
            sources=len(sources),
            label=label,
            names=listed(names),
        )
    )


def _check_judgments(judgments: Sequence[Judgment], collection: Collection, absent: int) -> None:
    """Nothing, if some judgment names both a query and a passage that are there.

    Raises:
        InputError: there are no judgments, or none fits.
    """
    if not judgments:
        raise InputError(
            Message("{key} has no judgments, so nothing can be measured. Add qrels, or labels.", key=collection.key)
        )
    first = judgments[0]
    where = first.place.start
    known_queries = {query.query_id for query in collection.queries}
    if not any(judgment.query_id in known_queries for judgment in judgments):
        example = next(iter(known_queries), "–")
        raise InputError(
            Message(
                "{where} judges query “{query_id}”, and no judged query has a text; queries are named like "
                "“{example}”. Give qrels and queries that belong together.",
                where=where,
                query_id=first.query_id,
                example=example,
            )
        )
    if absent == sum(judgment.query_id in known_queries for judgment in judgments):
        example = collection.passages[0].doc_id
        raise InputError(
            Message(
                "{where} judges passage “{doc_id}”, and no judged passage is in the corpus; its passages are named "
                "like “{example}”. Give a corpus and qrels that belong together.",
                where=where,
                doc_id=first.doc_id,
                example=example,
            )
        )
