"""Which field of a record is the id, the title, the text and the score, by the names that files use for them.

Records may have objects in them; their fields then have dotted names, and those nearest to the outside win. What
engines write for themselves (keys with _ or @ in front, highlights, vectors) is neither text nor kept.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from demo.errors import InputError
from demo.formats.source import Column, Entry, Fields, Found, Location, Record
from demo.messages import Message, listed, plural

PASSAGE_ID_NAMES = (
    *("_id", "id", "doc_id", "docno", "docid", "pid", "passage_id", "document_id", "corpus_id", "uid", "id_"),
    *("pmid", "guid", "object_id", "chunk_id", "node_id", "doc_no", "put", "_chunk_id", "编号"),
)
THING_ID_NAMES = (
    *("sku", "asin", "product_id", "item_id", "product_uid", "handle", "ticket_id", "issue_id", "issue_key", "case_id"),
    *("article_id", "page_id", "post_id", "faq_id", "paper_id", "arxiv_id", "cord_uid", "doi"),
)
"""Ids of what passages are about: a passage is named by one only where no two passages share it."""
ID_NAMES = (*PASSAGE_ID_NAMES, *THING_ID_NAMES)
TITLE_NAMES = (
    *("title", "heading", "headline", "name", "subject", "product_name", "product_title", "item_name", "page_title"),
    *("article_title", "post_title", "paper_title", "标题"),
)
STRONG_TEXT_NAMES = ("text", "page_content", "passage", "content", "contents", "body", "passage_text", "full_text")
THING_TEXT_NAMES = (
    *("product_description", "long_description", "item_description", "message", "message_body", "review_body"),
    *("review_text", "article_body", "article_text", "post_content", "page_text", "wikitext", "fulltext"),
    *("body_html", "body_(html)", "summary"),
)
"""Of shops, help desks, wikis and papers."""
TEXT_NAMES = (
    *STRONG_TEXT_NAMES,
    *("document", "document_text", "chunk_text", "chunk", "paragraph", "abstract", "description", "snippet"),
    *("context", "paragraph_text"),
    *("sentence", "doc", "文本", "正文", "内容", "段落"),
    *THING_TEXT_NAMES,
)
SCORE_NAMES = (
    *("_score", "relevance_score", "score", "@search.score", "search_score", "text_match", "_ranking_score"),
    *("relevance", "similarity", "_similarity", "rerank_score"),
)
DISTANCE_NAMES = ("distance", "distances", "_distance", "dist")

_HOLDERS = frozenset(
    (
        "_source",
        "document",
        "doc",
        "node",
        "payload",
        "fields",
        "metadata",
        "properties",
        "row",
        "kwargs",
        "_additional",
    )
)
_ENGINES_OWN = frozenset(
    (
        *("highlight", "highlights", "highlighting", "snippets", "sort", "explanation", "explain", "vector", "vectors"),
        *("sparse_values", "embedding", "embeddings", "text_match_info", "inner_hits", "facets", "lc", "class_name"),
        *("matched_queries", "relationships", "excluded_embed_metadata_keys", "excluded_llm_metadata_keys"),
        *("text_template", "metadata_template", "metadata_seperator"),
    )
)
_KEPT_OF_ENGINES = frozenset(("_id", "_source", "_score", "_ranking_score", "_additional", "_distance", "_chunk_id"))
_DEEPEST_FIELD = 5
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_TEXT_ENDINGS = ("_id", "_ids", "_url", "_uri", "_length", "_hash", "_lang", "_language", "_type", "_date")
_MOST_FIELDS = 40
_MOST_FIELD_CHARS = 500
_MOST_NAMES = 20_000
"""Different names of fields in the records of one file."""
_MOST_KEPT_NAMES = 100
_MOST_KEPT_CHARS = 2_000
"""Of names for which is remembered which field is what: they are texts of visitors, and the process keeps few."""
_MOST_NAME_CHARS = 50
SHORTEST_TEXT = 15
_LONG_TEXT = 40
"""Characters of a field in a record, on average, from which on it is said that nobody reads it."""
_MOST_UNREAD = 6
TEXT_FROM, TEXT_FROM_COLUMN = Message("text from “{text_name}”"), Message("text from column “{text}”")
UNREAD = Message("the rankers do not read {fields}")
"""Notes on which fields are the text, and which are not."""
_SPACED_OUT = re.compile(r"\s|[\u0e00-\u0e7f\u2e80-\u9fff\uac00-\ud7af]")


def normal_name(name: str) -> str:
    """The name as the tables of names have it: small letters, _ for spaces, hyphens and humps."""
    return _kept_normal(name) if len(name) <= _MOST_NAME_CHARS else _normal(name)


def _normal(name: str) -> str:
    name = name.strip().strip("\ufeff\"'")
    if not name.islower():
        name = _CAMEL.sub("_", name).lower()
    return name.replace("-", "_").replace(" ", "_")


_kept_normal = lru_cache(maxsize=4096)(_normal)

_Names = tuple[str, ...]


def _kept_if_few(find: Callable[[_Names, _Names], str | None]) -> Callable[[_Names, _Names], str | None]:
    """The function, which remembers its answers for few and short names."""
    kept = lru_cache(maxsize=4096)(find)

    def found(names: _Names, wanted: _Names) -> str | None:
        is_kept = len(names) <= _MOST_KEPT_NAMES and sum(map(len, names)) <= _MOST_KEPT_CHARS
        return kept(names, wanted) if is_kept else find(names, wanted)

    return found


def find_field(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    """The name that comes first in `wanted`, whatever its case and with - for _; None if there is none."""
    return _find(tuple(names), tuple(wanted))


@_kept_if_few
def _find(names: _Names, wanted: _Names) -> str | None:
    known = {normal_name(name): name for name in reversed(names)}
    return next((known[name] for name in wanted if name in known), None)


# ---- flat records ------------------------------------------------------------------------------------------------


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a record, those of objects in it by dotted names; of a list of objects, the list of their texts."""
    return dict(_flat(values, "", 1))


def _flat(values: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        own = normal_name(name)
        if own in _ENGINES_OWN or (own.startswith(("_", "@")) and own not in _KEPT_OF_ENGINES and "score" not in own):
            continue
        if isinstance(value, dict) and depth < _DEEPEST_FIELD:
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
            texts = [] if depth >= _DEEPEST_FIELD else [_best_text(flat(part)) for part in value]
            if any(texts):
                yield f"{prefix}{name}", [text for text in texts if text]
        else:
            yield f"{prefix}{name}", value


def _best_text(record: Mapping[str, Any]) -> str:
    name = _nearest(tuple(record), TEXT_NAMES)
    value = record.get(name, "") if name else ""
    return value if isinstance(value, str) else ""


def _last(name: str) -> str:
    return normal_name(name if name.startswith("@") else name.rsplit(".", 1)[-1])


@_kept_if_few
def _nearest(names: _Names, wanted: _Names) -> str | None:
    """The name whose last part is wanted: the one nearest to the outside, of equals the first in `wanted`."""
    order = {word: at for at, word in enumerate(wanted)}
    found = [(name.count("."), order[_last(name)], name) for name in names if _last(name) in order]
    return min(found)[2] if found else None


def scalar_named(record: Mapping[str, Any], wanted: tuple[str, ...]) -> Any:
    """The value nearest to the outside that is no list, under one of the wanted names; None if there is none."""
    name = scalar_name(record, wanted)
    return None if name is None else record[name]


def scalar_name(record: Mapping[str, Any], wanted: tuple[str, ...]) -> str | None:
    """The name of that value."""
    return _nearest(tuple(name for name, value in record.items() if not isinstance(value, list)), wanted)


# ---- which field is what -----------------------------------------------------------------------------------------


def read_records(
    records: Sequence[Record], chosen: Fields, are_hits: bool = False, may_lack_text: bool = False
) -> Found:
    """A passage from each record: its text by the names of fields, else the field with the longest texts.

    Args:
        are_hits: whether they come from an engine, which may name the text anyhow.
        may_lack_text: whether one without any text is counted rather than refused.

    Raises:
        InputError: no field holds texts, or a record has none of them; the sentence names the place and the fields. Or
            their fields have too many different names.
    """
    flat_records, names = _flattened(records)
    measured = _measured(flat_records)
    text_name, by_length = _text_field(flat_records, measured, chosen, are_hits, records[0], names)
    beside = chosen.among(names)
    title_name = beside.title or _title_field(flat_records, text_name)
    id_names = PASSAGE_ID_NAMES if _shared(flat_records, text_name, title_name) else ID_NAMES
    reader = _Reader(text_name, title_name, beside.id, are_hits or may_lack_text, id_names)
    entries = [reader.entry(flat_record, record) for flat_record, record in zip(flat_records, records, strict=True)]
    kept = tuple(entry for entry in entries if entry is not None)
    id_name = beside.id or _id_field(flat_records, id_names)
    columns = [(text_name, TEXT), (title_name, TITLE), (id_name, ID)]
    notes = (TEXT_FROM.format(text_name=_short(text_name)),) if by_length or are_hits else ()
    if not text_name:
        by_length, columns = True, [(title_name, TEXT), *columns[2:]]
        notes = (Message("no field of texts: “{title_name}” stands in for it", title_name=_short(title_name)),)
    others = {name: one for name, one in measured.items() if name not in (text_name, title_name)}
    unread = [_short(name) for name, one in others.items() if one.is_missed(name, len(records))]
    return Found(
        kept,
        empty_passages=len(entries) - len(kept),
        notes=(*notes, *([UNREAD.format(fields=quoted_names(unread[:_MOST_UNREAD]))] if unread else [])),
        columns=tuple(Column(name, role, not (by_length and role is TEXT)) for name, role in columns if name),
        names=names,
    )


def names_thing(name: str) -> bool:
    """Whether the field holds ids of things, which several passages may share."""
    return _last(name) in THING_ID_NAMES


def _shared(records: Sequence[Record], text_name: str, title_name: str) -> bool:
    """Whether the id of a thing stands for two texts, as the product's does for its reviews."""
    if not records or (name := _id_field(records, ID_NAMES)) == _id_field(records, PASSAGE_ID_NAMES):
        return False
    texts: dict[Any, tuple[str, str]] = {}
    for record in records:
        content = _words(record.values.get(text_name)), _words(record.values.get(title_name))
        if any(content) and texts.setdefault(str(record.values.get(name, "")), content) != content:
            return True
    return False


def _flattened(records: Sequence[Record]) -> tuple[list[Record], tuple[str, ...]]:
    """The flat records, and the names of all their fields.

    Raises:
        InputError: there are too many different names.
    """
    flattened: list[Record] = []
    names: dict[str, None] = {}
    for record in records:
        values = flat(record.values)
        names.update(dict.fromkeys(values))
        if len(names) > _MOST_NAMES:
            raise InputError(
                "{where} brings a field whose name is new after {most:,} others, and no more are read. Give all "
                "passages the same few fields, such as “text” and “title”.",
                where=record.location.start,
                most=_MOST_NAMES,
            )
        flattened.append(Record(record.location, values))
    return flattened, tuple(names)


TEXT, TITLE, ID, QUERY, QUERY_ID, GRADE, SCORE = (
    *(Message("text"), Message("title"), Message("id"), Message("query")),
    *(Message("query id"), Message("grade"), Message("score")),
)


def _text_field(
    records: Sequence[Record],
    measured: Mapping[str, _Measured],
    chosen: Fields,
    are_hits: bool,
    whole: Record,
    names: Sequence[str],
) -> tuple[str, bool]:
    """The name of the text's field, and whether it was found by the lengths of texts; "" where only titles are there.

    Raises:
        InputError: no field can be the text.
    """
    if chosen.text:
        if any(chosen.text in record.values for record in records):
            return chosen.text, False
        raise _no_text(whole, chosen.text, names)
    found = _nearest(tuple(measured), TEXT_NAMES) or _similar(measured)
    if found is not None:
        return found, False
    texts = {name: one.chars for name, one in measured.items() if are_hits or one.is_text(name, len(records))}
    if longest := max(texts, key=lambda name: (not measured[name].are_tags, texts[name]), default=""):
        return longest, True
    if any(_nearest(tuple(record.values), (*TEXT_NAMES, *TITLE_NAMES)) for record in records):
        return "", False
    raise _no_text(whole, names=names)


@dataclass(slots=True)
class _Measured:
    """How much text a field holds over all records, and in how many it reads like a text rather than a name.

    Attributes:
        are_tags: whether some record has a list of short strings in it.
    """

    chars: int = 0
    spaced: int = 0
    are_tags: bool = False

    def is_text(self, name: str, records: int) -> bool:
        """Whether texts of records can be in the field: as long as a sentence, in a third of the records at least."""
        long_enough = self.chars >= SHORTEST_TEXT * self.spaced and self.spaced > records / 3
        return long_enough and not self.are_tags and _last(name) not in TITLE_NAMES

    def is_missed(self, name: str, records: int) -> bool:
        """Whether it is so much text that a person should know if nobody reads it."""
        return self.is_text(name, records) and self.chars >= _LONG_TEXT * self.spaced


def _measured(records: Sequence[Record]) -> dict[str, _Measured]:
    """The fields with text by their names, but for ids and scores."""
    found: dict[str, _Measured] = {}
    for record in records:
        for name, value in record.values.items():
            text = _words(value)
            if not text or _last(name) in _NO_TEXTS:
                continue
            one = found.setdefault(name, _Measured())
            one.chars += len(text)
            one.spaced += _SPACED_OUT.search(text) is not None and "://" not in text[:12]
            one.are_tags |= isinstance(value, list) and len(value) > 1 and len(text) < SHORTEST_TEXT * len(value)
    return found


_NO_TEXTS = frozenset((*ID_NAMES, *SCORE_NAMES, *DISTANCE_NAMES))


def _words(value: Any) -> str:
    """The value's text, if it is one or a list of them."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "\n".join(value).strip()
    return ""


def _similar(names: Iterable[str]) -> str | None:
    """The first name that begins or ends with a word for text, such as body_txt_en or answer_text."""
    for word in TEXT_NAMES:
        for name in names:
            last = _last(name)
            if last.startswith(f"{word}_") and not last.endswith(_NOT_TEXT_ENDINGS):
                return name
            if last.endswith(f"_{word}"):
                return name
    return None


def _title_field(records: Sequence[Record], text_name: str) -> str:
    names = tuple(
        dict.fromkeys(
            name for record in records for name, value in record.values.items() if name != text_name and _words(value)
        )
    )
    exact = _nearest(names, TITLE_NAMES)
    dynamic = (name for name in names if _last(name).startswith("title_") or _last(name).endswith("_title"))
    return exact or next((name for name in dynamic if not _last(name).endswith(_NOT_TEXT_ENDINGS)), "")


def _id_field(records: Sequence[Record], id_names: _Names) -> str:
    return (_nearest(tuple(records[0].values), id_names) if records else None) or ""


_OF_SCORES = (*SCORE_NAMES, *DISTANCE_NAMES)


class _Reader:
    """Makes passages of records whose fields are known."""

    def __init__(self, text: str, title: str, doc_id: str, may_lack_text: bool, id_names: _Names) -> None:
        self._text, self._title, self._id, self._may_lack_text = text, title, doc_id, may_lack_text
        self._id_names = id_names

    def entry(self, record: Record, whole: Record) -> Entry | None:
        """The passage, its title standing in for an empty text; None if both are empty.

        Raises:
            InputError: the record has no field for the text, or a field is not text.
        """
        values, location = record.values, record.location
        names = tuple(values)
        text_name = self._text if self._text in values else _nearest(names, TEXT_NAMES)
        title_name = self._title if self._title and self._title in values else _nearest(names, TITLE_NAMES)
        if text_name is None and title_name is None and not self._may_lack_text:
            raise _no_text(whole)
        title_name = None if title_name == text_name else title_name
        text, title = (
            as_text(values[name], location, name).strip() if name is not None else ""
            for name in (text_name, title_name)
        )
        if not text:
            text, title = title, ""
        if not text:
            return None
        single = tuple(name for name in names if not isinstance(values[name], list))
        id_name = self._id or _nearest(single, self._id_names) or ""
        doc_id = as_text(values.get(id_name), location, id_name).strip()
        score = _score_of(values, single)
        scores = [] if score is None else [name for name in names if _last(name) in _OF_SCORES]
        fields = other_fields(values, {text_name, title_name, id_name, *scores})
        return Entry(location, text, title, _bare_id(doc_id), "", score, fields)


def _bare_id(doc_id: str) -> str:
    """The id without what Vespa writes before it: “k1” of “id:food:recipe::k1”."""
    return doc_id.rsplit("::", 1)[1] or doc_id if doc_id.startswith("id:") and "::" in doc_id else doc_id


def other_fields(values: Mapping[str, Any], used: set[str | None]) -> dict[str, str]:
    """What else a flat record says, by names without the objects that engines put documents into.

    Args:
        used: names whose values were taken for something.
    """
    kept: dict[str, str] = {}
    for name, value in values.items():
        if name in used or value is None or value == "" or len(kept) == _MOST_FIELDS or _is_vector(value):
            continue
        short, written = _short(name), _written(value)
        if short and written and not short.startswith(("_", "@")):
            kept.setdefault(short, written[:_MOST_FIELD_CHARS])
    return kept


def _short(name: str) -> str:
    """The dotted name without the objects that engines put documents into."""
    parts = name.split(".")
    return ".".join(parts[next((at for at, part in enumerate(parts) if part not in _HOLDERS), len(parts) - 1) :])


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and len(value) > _MOST_FIELDS and not isinstance(value[0], str)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(_written, value)) if isinstance(value, list) else str(value)


def _score_of(values: Mapping[str, Any], names: _Names) -> float | None:
    """The engine's score under one of these names as a finite number, higher being better; None if there is none."""
    found = (_nearest(names, SCORE_NAMES), _nearest(names, DISTANCE_NAMES))
    score, distance = (None if name is None else values[name] for name in found)
    if score is not None:
        return finite(score)
    distance = finite(distance)
    return None if distance is None else -distance


def of_searches(found: Found, answers: int) -> Found:
    """What was found as the hits of so many searches: scores of different queries make no ranking."""
    if answers < 2 or all(entry.score is None for entry in found.entries):
        return found
    note = Message("hits of {answers} searches, whose scores are not comparable and left out", answers=answers)
    entries = tuple(replace(entry, score=None) for entry in found.entries)
    return replace(found, entries=entries, notes=(*found.notes, note))


def finite(value: Any) -> float | None:
    """The value as a float, if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def entry_of(values: Mapping[str, object], location: Location, chosen: Fields = Fields()) -> Entry | None:
    """The one record as a passage, as `read_records` reads it; None if it is empty."""
    return next(iter(read_records([Record(location, values)], chosen).entries), None)


def as_text(value: object, location: Location, name: str) -> str:
    """A string as it is, a number as it is written, a list of them one per line, null and NaN as "".

    Raises:
        InputError: the value is anything else.
    """
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and not any(isinstance(part, list) for part in value):
        return "\n".join(as_text(part, location, name) for part in value)
    kind = _KINDS.get(type(value), Message("a nested list"))
    raise InputError("{start}: “{name}” is {kind}. It needs to be a text.", start=location.start, name=name, kind=kind)


_KINDS = {dict: Message("an object"), bool: Message("true or false")}


# ---- shapes that are not known -----------------------------------------------------------------------------------


class UnknownShapeError(InputError):
    """The input has a shape that no reader knows.

    Attributes:
        names: the fields of which a person can choose, as `Fields` takes them.
    """

    def __init__(self, message: Message, names: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.names = tuple(names)

    def __reduce__(self) -> tuple[type, tuple[Message, tuple[str, ...]]]:
        return type(self), (self.message, self.names)


def unknown_shape(message: Message, value: Any) -> UnknownShapeError:
    """The error for a JSON value of an unknown shape; of an object's fields a person can choose."""
    return UnknownShapeError(message, flat(value) if isinstance(value, dict) else ())


def shape_of(value: Any) -> Message:
    """The shape of a JSON value in words: “an object with “matches” (12 items, each with “id”, “note”)”."""
    if isinstance(value, dict):
        return Message("an object with {parts}", parts=listed(_part(*pair) for pair in list(value.items())[:6]))
    if isinstance(value, list):
        items = plural("{count:,} item", "{count:,} items", len(value))
        return _with_fields(Message("a list of {items}", items=items), value)
    return Message("{text}", text=shorten_value(value))


def _part(name: str, value: Any) -> Message:
    shown = f"“{name[:30]}”"
    if not isinstance(value, list):
        return Message("{text}", text=shown)
    items = _with_fields(plural("{count:,} item", "{count:,} items", len(value)), value)
    return Message("{name} ({items})", name=shown, items=items)


def _with_fields(said: Message, value: list[Any]) -> Message:
    first = next((item for item in value if isinstance(item, dict)), None)
    return Message("{items}, each with {names}", items=said, names=names_of(first)) if first else said


def quoted_names(names: Iterable[str]) -> Message:
    """Names of fields as sentences have them: in quotation marks, each cut to 30 characters."""
    return listed(f"“{name[:30]}”" for name in names)


def names_of(record: Mapping[str, Any]) -> Message:
    """The first eight fields of a record; “nothing” where it has none."""
    return quoted_names(list(record)[:8]) if record else Message("nothing")


def shorten_value(value: Any) -> str:
    """The value as JSON writes it, cut after 40 characters."""
    import json

    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"


def _no_text(record: Record, chosen: str = "", names: Sequence[str] = ()) -> InputError:
    """The refusal of a record; a person can choose among `names`, or else among its own fields."""
    for name, value in record.values.items():
        if normal_name(name) in TEXT_NAMES and isinstance(value, dict | bool):
            as_text(value, record.location, name)
    found, choice = names_of(record.values), names or tuple(flat(record.values))
    if chosen:
        return UnknownShapeError(
            Message(
                "{start} has no field “{chosen}”; found: {names}. Choose one of these.",
                start=record.location.start,
                chosen=chosen[:60],
                names=found,
            ),
            choice,
        )
    return UnknownShapeError(
        Message(
            "{start} has no text. Each passage needs “text” (or passage, content, body, document…); found: {names}.",
            start=record.location.start,
            names=found,
        ),
        choice,
    )
