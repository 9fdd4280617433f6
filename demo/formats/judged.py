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
from demo.formats.archive import ARCHIVE_SUFFIXES, File, is_packed, unpack
from demo.formats.assembly import assemble
from demo.formats.beir import CORPUS, QUERIES
from demo.formats.fields import UnknownShapeError, quoted_names
from demo.formats.json_values import first_object
from demo.formats.qrels import find_qrels, holds_judgments, looks_like_qrels
from demo.formats.reading import Reading
from demo.formats.registry import FORMATS, Format, most_plausible
from demo.formats.source import Fields, Found, JudgmentRow, Limits, Source, is_sheet
from demo.formats.tables import table_with
from demo.formats.topics import find_queries, is_file_of_topics, looks_like_queries
from demo.formats.trec_runs import Run, has_figures, holds_run, looks_like_run, read_run
from demo.messages import Message, listed
from demo.records import Collection

_SUFFIXES = (
    *(".jsonl", ".ndjson", ".json", ".tsv", ".tab", ".csv", ".txt", ".text", ".qrels", ".qrel", ".run", ".trec"),
    *(".sgml", ".sgm", ".xml", ".topics", ".qry", ".dat", ".xlsx", ".html", ".pdf", ".docx", *ARCHIVE_SUFFIXES, ""),
)
_NUMBERED = re.compile(r"\.\d[\d-]*")
"""How TREC ends names of files: topics.301-350, fbis.0."""
_BESIDE = re.compile(r"(?:^|/)(?:readme|licen[cs]e|source|notice|changes)[^/]*$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Judged:
    """A collection to evaluate on.

    Attributes:
        collection: its qrels hold every judgment of its queries, also of passages that it lacks; empty without qrels.
        candidates: query_id → doc_ids to rerank, best first where they come of a run; empty where files give none.
        run: the run that they come of, if any.
        reading: how the files were understood.
        runs: every run among the files, by file name.
    """

    collection: Collection
    reading: Reading
    candidates: Mapping[str, Sequence[str]] = field(default_factory=dict)
    run: Run | None = None
    runs: Mapping[str, Run] = field(default_factory=dict)

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


def _path(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


CORPUS_FORMATS = tuple(row for row in FORMATS if not row.is_prose and row.key not in ("beir", "answers"))
"""How passages with ids can be written."""


def corpus_format(source: Source) -> Format | None:
    """The format of a corpus that fits; None for prose and for what is no text."""
    by_content = next((row for row in CORPUS_FORMATS if row.by_content and row.fits(source)), None)
    if by_content is not None:
        return by_content
    rows = [row for row in CORPUS_FORMATS if row.pasted]
    row = most_plausible(source, rows)
    return row if row.fits(source) else next((row for row in rows if row.fits(source)), None)


def _is_document(source: Source) -> bool:
    """Whether it is a file of passages whatever its name, such as a PDF; a sheet of a workbook may be anything."""
    return any(row.by_content and not source.by_rows and row.fits(source) for row in CORPUS_FORMATS)


def _has_passages(source: Source) -> bool:
    return corpus_format(source) is not None


def _is_text(source: Source) -> bool:
    """Whether it can be decoded; a workbook out of an archive, for one, cannot."""
    if is_packed(source.content):
        return False
    try:
        return source.text is not None
    except InputError:
        return any(row.by_content and row.fits(source) for row in CORPUS_FORMATS)


ROLES = (
    Role("qrels", Message("qrels"), _path(r"qrel|judg(?:e?ment)s?[^/]*$"), looks_like_qrels),
    Role(
        "run",
        Message("run"),
        _path(r"(?:^|/)(?:runs?[._/-]|(?:ranking|top_ranked)[^/]*$)|\.run(?:\.gz)?$"),
        looks_like_run,
    ),
    Role("answers", Message("set to rerank"), _path(r"(?!)"), looks_like_answers),
    Role(
        "queries",
        Message("queries"),
        _path(r"(?:quer(?:y|ies)|topics?|questions?)[^/]*$"),
        looks_like_queries,
    ),
    Role("corpus", Message("corpus"), _path(r"(?:corpus|collection|docs|documents|passages)[^/]*$"), _has_passages),
)
"""What files can be; of several that fit, the first."""


def role_of(source: Source) -> str:
    """The key of the file's role by its name, else by its content; "" if it has none.

    A set to rerank is told by its content even where its name speaks of questions or passages.
    """
    if not _is_text(source):
        return ""
    if _is_document(source):
        return "corpus"
    name = next((role.key for role in ROLES if role.named.search(source.file)), "")
    if name in ("qrels", "run"):
        return name
    if looks_like_answers(source):
        return "answers"
    if not name and has_figures(source):
        return ""
    if not name and looks_like_run(source):
        return "run"
    return name or next((role.key for role in ROLES if role.shaped(source)), "")


def without_passages(source: Source) -> Message | None:
    """What a file plainly holds in place of passages; None if it may hold some."""
    if source.folder or not _is_text(source) or _is_document(source) or looks_like_answers(source):
        return None
    if has_figures(source):
        return Message("figures of trec_eval")
    if holds_run(source):
        return Message("a run")
    if is_file_of_topics(source):
        return Message("topics")
    return Message("judgments (qrels)") if holds_judgments(source) else None


def makes_a_set(sources: Sequence[Source]) -> bool:
    """Whether several files hold a corpus or a set to rerank, and queries or judgments by their names or content."""
    if len(sources) < 2 or any(source.folder for source in sources):
        return False
    roles = [role_of(source) for source in sources]
    named = {role.key for source in sources for role in ROLES if role.named.search(source.file)}
    named |= {"queries" for source, role in zip(sources, roles, strict=True) if role and is_file_of_topics(source)}
    beside = {"queries", "qrels"} & set(roles)
    has_passages = any(
        role == "answers" or (role == "corpus" and _has_passages(source))
        for source, role in zip(sources, roles, strict=True)
    )
    return bool(beside and has_passages and (len(beside) == 2 or beside & named))


# ---- reading -----------------------------------------------------------------------------------------------------


def read_judged_folder(path: Path, limits: Limits, qrels: str = "") -> Judged:
    """The judged collection in a folder (and its folder qrels), or in one archive or file.

    Args:
        qrels: the file of judgments where there are several, by its path in the folder; "" takes BEIR's usual one.

    Raises:
        InputError: the path does not exist or cannot be read, or as for `read_judged_files`.
    """
    files = [(name, read_bytes(one)) for name, one in files_of(path)]
    return read_judged_files(files, limits, path.resolve().name or "collection", qrels)


def files_of(path: Path) -> list[tuple[str, Path]]:
    """The files of a folder that are read, by their paths in it, or the one file.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        if path.is_dir():
            paths = sorted(one for pattern in ("*", "qrels/*") for one in path.glob(pattern) if _is_read(one))
            return [(one.relative_to(path).as_posix(), one) for one in paths]
    except OSError as error:
        raise _unreadable(path, error) from error
    return [(path.name, path)]


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(
        "{path} cannot be read ({strerror}). Name a folder with a corpus, queries and qrels, or an archive.",
        path=path,
        strerror=error.strerror,
    )


def _is_read(path: Path) -> bool:
    hidden = path.name.startswith(".") or _BESIDE.search(path.name) is not None
    suffix = path.suffix.lower()
    return path.is_file() and not hidden and (suffix in _SUFFIXES or _NUMBERED.fullmatch(suffix) is not None)


def read_judged_files(
    files: Sequence[File], limits: Limits, key: str, qrels: str = "", fields: Fields = Fields()
) -> Judged:
    """The judged collection that the files make, archives opened; `key` is its key and title.

    Args:
        qrels: the file of judgments to take, where there are several.
        fields: which fields hold what, where a person chose them.

    Raises:
        InputError: no corpus or queries among them, or several files where one is needed; a file breaks its rules; no
            judgment names a query or a passage that is there. The sentence names the file, and the line where one is
            wrong.
    """
    unpacked = unpack(files, limits)
    _check_one_folder([name for name, _ in unpacked])
    sources = [Source(_shortened(name, files), content, limits, chosen=fields) for name, content in unpacked]
    return read_judged_sources(sources, limits, key, qrels)


def read_judged_sources(sources: Sequence[Source], limits: Limits, key: str, qrels: str = "") -> Judged:
    """The judged collection that the sources make; see `read_judged_files`."""
    parts: dict[str, list[Source]] = {role.key: [] for role in ROLES}
    left_out: list[str] = []
    for source in sorted(sources, key=lambda source: source.file):
        role = role_of(source)
        if role:
            parts[role].append(source)
        else:
            left_out.append(source.file)
    from_answers = bool(parts["answers"]) and not (parts["corpus"] and parts["queries"])
    left_out += [source.file for source in parts["corpus" if from_answers else "answers"]]
    runs = {source.file: read_run(source) for source in parts["run"]}
    notes = [Message("left out: {left_out}", left_out=listed(left_out))] if left_out else []
    if len(runs) == 1:
        notes.append(Message("candidates from the run {run}", run=next(iter(runs))))
    if len(runs) > 1:
        notes.append(Message("several runs, each of them a ranker: {runs}", runs=listed(runs)))
    unknown = [source for source in sources if len(sources) == 1 or source.file in left_out]
    try:
        judged = (_from_answers if from_answers else _from_parts)(parts, key, qrels, tuple(notes), limits)
    except MissingRoleError as error:
        if unknown:
            raise _unknown_files(error, unknown) from error
        raise
    if len(runs) != 1:
        return replace(judged, runs=runs)
    run = next(iter(runs.values()))
    return replace(judged, candidates=run.rankings, run=run, runs=runs)


def _check_one_folder(names: Sequence[str]) -> None:
    """Nothing, if no more than one folder has a corpus.

    Raises:
        InputError: several have; the sentence names them.
    """
    folders = [PurePosixPath(name).parent.name for name in names if PurePosixPath(name).name == CORPUS]
    if len(folders) > 1:
        raise InputError(
            "There are {corpora} folders with a corpus.jsonl: {names}. Upload one at a time.",
            corpora=len(folders),
            names=listed(folders[:8]),
        )


def _shortened(name: str, files: Sequence[File]) -> str:
    """The path without the archive and the folder in it where everything comes of one."""
    parts = PurePosixPath(name).parts
    inside_archive = len(files) == 1 and len(parts) > 1 and not is_sheet(name)
    return PurePosixPath(*parts[-2:] if parts[-2] == "qrels" else parts[-1:]).as_posix() if inside_archive else name


def _from_parts(
    parts: Mapping[str, list[Source]], key: str, qrels: str, notes: tuple[Message, ...], limits: Limits
) -> Judged:
    corpus, unused = corpus_files(parts["corpus"])
    found = list(map(_read_passages, corpus))
    if parts["queries"] or not any(one.queries for one in found):
        found = [*(replace(one, queries=()) for one in found), find_queries(_one(parts, "queries", QUERIES))]
    if unused:
        notes = (*notes, Message("left out: {left_out}", left_out=listed(unused)))
    return _judged(found, parts, key, qrels, notes, limits)


def _from_answers(
    parts: Mapping[str, list[Source]], key: str, qrels: str, notes: tuple[Message, ...], limits: Limits
) -> Judged:
    answers = read_answers(_one(parts, "answers", ""))
    return replace(_judged([answers.found], parts, key, qrels, notes, limits), candidates=answers.candidates)


def _judged(
    found: Sequence[Found],
    parts: Mapping[str, list[Source]],
    key: str,
    qrels: str,
    notes: tuple[Message, ...],
    limits: Limits,
) -> Judged:
    """The collection of what was found, with the judgments of a file of qrels in place of any beside the passages."""
    if parts["qrels"] or qrels:
        found = [*(replace(one, judgments=()) for one in found), _find_judgments(parts, qrels)]
    elif not any(one.judgments for one in found):
        return _assembled(found, False, key, (_NOTHING_JUDGED, *notes), limits)
    return _assembled(found, True, key, notes, limits)


_NOTHING_JUDGED = Message("no judgments: what rankers change is told, not which is better")


def _find_judgments(parts: Mapping[str, list[Source]], qrels: str) -> Found:
    """The judgments of the file asked for, or of the usual one, with which file it was."""
    source = _qrels_file(parts, qrels)
    found = find_qrels(source)
    others = [other.file for other in parts["qrels"] if other is not source]
    unused = (Message("other qrels, not used: {files}", files=listed(others)),) if others else ()
    return replace(found, notes=(Message("judgments from {file}", file=source.file), *found.notes, *unused))


def _assembled(found: Sequence[Found], is_judged: bool, key: str, notes: tuple[Message, ...], limits: Limits) -> Judged:
    """The collection with every judgment of its queries, and a reading that says which passages are not there."""
    found = _fitted(found)
    judgments = [judgment for one in found for judgment in one.judgments]
    title = Message("{text}", text=key)
    manner = Message("from a judged collection") if is_judged else Message("from a collection")
    loaded = assemble(found, Reading(("judged",), manner, 0, notes=notes), key, title, title, limits)
    collection = loaded.collection
    qrels: dict[str, dict[str, int]] = {query.query_id: {} for query in collection.queries}
    foreign: set[str] = set()
    for judgment in judgments:
        if judgment.query_id in qrels:
            qrels[judgment.query_id][judgment.doc_id] = judgment.grade
        else:
            foreign.add(judgment.query_id)
    known = {passage.doc_id for passage in collection.passages}
    absent = sum(doc_id not in known for grades in qrels.values() for doc_id in grades)
    if is_judged:
        _check_judgments(judgments, collection, absent, loaded.reading.names)
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


def _fitted(found: Sequence[Found]) -> list[Found]:
    """What was found, its judgments by the ids of queries and passages where they name them by texts or as 10.0."""
    queries = {query.query_id: query.text for one in found for query in one.queries}
    judgments = [judgment for one in found for judgment in one.judgments]
    if any(judgment.query_id in queries for judgment in judgments):
        return list(found)
    by_text = {text: query_id for query_id, text in queries.items()}
    if any(judgment.query_id in by_text for judgment in judgments):
        note = Message("judgments name their queries by text")
        return [_renamed(one, lambda query: by_text.get(query, query), str, note) for one in found]
    if any(one.query_id.lstrip("0") in queries for one in judgments):
        note = Message("ids of queries in the judgments are read without the zeros before them")
        return [_renamed(one, lambda query: query.lstrip("0") or query, str, note) for one in found]
    doc_ids = {entry.doc_id for one in found for entry in one.entries}
    if any(whole_number(one.query_id) in queries and whole_number(one.doc_id) in doc_ids for one in judgments):
        note = Message("ids such as 10.0 in the judgments are read as 10")
        return [_renamed(one, whole_number, whole_number, note) for one in found]
    return list(found)


def _renamed(found: Found, query: Callable[[str], str], doc: Callable[[str], str], note: Message) -> Found:
    """What was found, the ids in its judgments changed, and the note on it."""
    if not found.judgments:
        return found
    judgments = tuple(replace(one, query_id=query(one.query_id), doc_id=doc(one.doc_id)) for one in found.judgments)
    return replace(found, judgments=judgments, notes=(*found.notes, note))


def whole_number(text: str) -> str:
    """“10” for “10.0”, and every other text as it is."""
    head = text.removesuffix(".0")
    return head if head != text and head.isdecimal() else text


def _read_passages(source: Source) -> Found:
    row = corpus_format(source)
    if row is not None:
        return row.read(source)
    raise InputError(
        "{file} is not a corpus that can be read. Write JSON lines with “_id” and “text”, an id, a tab and "
        "the text on each line, or TREC's <DOC>.",
        file=source.file,
    )


# ---- which of several --------------------------------------------------------------------------------------------


def corpus_files(sources: Sequence[Source]) -> tuple[Sequence[Source], list[str]]:
    """BEIR's corpus.jsonl, else every file that is a corpus by its name, else every corpus; and the files not used."""
    beir = [source for source in sources if PurePosixPath(source.file).name == CORPUS]
    used = beir or sources
    if sources:
        return used, [source.file for source in sources if source not in used]
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
        raise InputError("There are no qrels “{asked}” in the collection. Found: {names}.", asked=asked, names=names)
    usual = next((sources[name] for name in _USUAL_QRELS if name in sources), None)
    return usual or _one(parts, "qrels", "")


def _label(role: str) -> Message:
    return next(row.label for row in ROLES if row.key == role)


class MissingRoleError(InputError):
    """No file among the files has a role that is needed."""


def _unknown_files(error: MissingRoleError, sources: Sequence[Source]) -> UnknownShapeError:
    """The same with the files that have no role, and the columns of the first that is a table to choose from."""
    tables = (table_with(source, lambda names: True) for source in sources if _is_text(source))
    objects = (first_object(source) or {} for source in sources if _is_text(source))
    names = next((table.names for table in tables if table is not None), None) or next(filter(None, objects), {})
    files = listed([source.file for source in sources][:6])
    said = Message("{reason} Taken for none of these: {files}.", reason=error.message, files=files)
    if names:
        fields = quoted_names(list(names)[:8])
        said = Message("{said} Its fields are {fields}: choose which is which.", said=said, fields=fields)
    return UnknownShapeError(said, names)


def _missing(role: str) -> MissingRoleError:
    label = _label(role)
    return MissingRoleError(
        "There is no file of {label} among the files. A corpus and queries are needed, and qrels to measure "
        "quality; or one table of questions, answers and labels.",
        label=label,
    )


def _several(role: str, sources: Sequence[Source]) -> InputError:
    label, names = _label(role), [source.file for source in sources[:6]]
    return InputError(
        "There are {sources} files of {label}: {names}. Name one, or leave only one there.",
        sources=len(sources),
        label=label,
        names=listed(names),
    )


def _check_judgments(
    judgments: Sequence[JudgmentRow], collection: Collection, absent: int, names: Sequence[str]
) -> None:
    """Nothing, if some judgment names both a query and a passage that are there.

    Args:
        names: the fields among which a person can choose those of the ids.

    Raises:
        InputError: there are no judgments, or none fits.
    """
    if not judgments:
        raise InputError(
            "{key} has no judgments, so nothing can be measured. Add qrels, or labels.", key=collection.key
        )
    first = judgments[0]
    where = first.location.start
    known_queries = {query.query_id for query in collection.queries}
    if not any(judgment.query_id in known_queries for judgment in judgments):
        example = next((query.query_id for query in collection.queries), "–")
        said = Message(
            "{where} judges query “{query_id}”, and no judged query has a text; queries are named like "
            "“{example}”. Give qrels and queries that belong together.",
            where=where,
            query_id=first.query_id,
            example=example,
        )
        raise _apart(said, names)
    if absent == sum(judgment.query_id in known_queries for judgment in judgments):
        said = Message(
            "{where} judges passage “{doc_id}”, and no judged passage is in the corpus; its passages are named "
            "like “{example}”. Give a corpus and qrels that belong together.",
            where=where,
            doc_id=first.doc_id,
            example=collection.passages[0].doc_id,
        )
        raise _apart(said, names)


def _apart(said: Message, names: Sequence[str]) -> UnknownShapeError:
    """The error for ids that do not meet; the right ones may stand in another field."""
    return UnknownShapeError(Message("{said} Or choose the field with their ids.", said=said) if names else said, names)
