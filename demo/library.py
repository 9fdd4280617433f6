"""The bundled collections: one folder each, card.toml beside the three files of the BEIR layout.

    corpora/<key>/card.toml       title, description, licence, meaning of the grades, what to look for in each query
    corpora/<key>/corpus.jsonl    {"_id", "title", "text"} on each line
    corpora/<key>/queries.jsonl   {"_id", "text"} on each line
    corpora/<key>/qrels.tsv       query-id, corpus-id, score

Whatever is wrong in them is said with file and line when they are read.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from demo.errors import InputError
from demo.formats.assembly import distinct, group_judgments
from demo.formats.json_text import read_jsonl
from demo.formats.qrels import read_qrels
from demo.formats.source import JudgmentRow, Limits, Source
from demo.formats.topics import read_topics
from demo.messages import Message, listed
from demo.phrases import shown
from demo.records import Card, Collection, Passage, Query

CARD = "card.toml"
_UNLIMITED = Limits(*[sys.maxsize] * 4)


@dataclass(frozen=True, slots=True)
class TrapKind:
    """What makes a query hard; `meaning` says it of all queries of the kind."""

    key: str
    label: Message
    meaning: Message


TRAP_KINDS = (
    TrapKind(
        "same-name",
        Message("Same name"),
        Message("Several people, places or things carry one name, and the words do not tell which is meant."),
    ),
    TrapKind(
        "two-senses",
        Message("Word with two senses"),
        Message("A word of the query stands in many passages, where it means something else."),
    ),
    TrapKind(
        "other-words",
        Message("Answer without the words"),
        Message("The answer says it in other words, so word match leaves it low or never finds it."),
    ),
    TrapKind(
        "repeated",
        Message("Question repeated"),
        Message("A passage repeats the words of the question and answers nothing."),
    ),
    TrapKind(
        "negation",
        Message("Negation"),
        Message("“Not”, “no” or “without” turns the question round, and word match does not read it."),
    ),
    TrapKind(
        "turned-round",
        Message("Turned round"),
        Message("The right words the other way round: instead of what, and for whom?"),
    ),
    TrapKind(
        "typing-error",
        Message("Typing error"),
        Message("Misspelt words match nothing, and those left lead elsewhere."),
    ),
    TrapKind(
        "numbers",
        Message("Numbers and units"),
        Message("The answer has to be worked out, or stands there in other figures or units."),
    ),
    TrapKind(
        "near-duplicate",
        Message("Almost the same"),
        Message("Passages differ in one number, one flag or one condition."),
    ),
    TrapKind(
        "end-of-text",
        Message("End of a long text"),
        Message("The answer comes last, where a model that cuts off never arrives: compare with windows on."),
    ),
    TrapKind(
        "exact",
        Message("Exact words wanted"),
        Message("A code, a message or a rare name: word match is right. Does the model leave it in place?"),
    ),
)
"""In the order to show them; a card names one by its key."""


@dataclass(frozen=True, slots=True)
class Trap:
    """What a query shows: the kind of its difficulty, and what to look for in its rankings."""

    kind: TrapKind
    look_for: Message


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """What card.toml says of one collection.

    Attributes:
        order: its place among the collections, from 1.
        first_query: id of the query to show first.
        traps: query id → what the query shows.
    """

    key: str
    card: Card
    order: int
    first_query: str
    traps: Mapping[str, Trap]


class Library:
    """The collections in the sub-folders of a folder; a folder without card.toml is none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def entries(self) -> Mapping[str, LibraryEntry]:
        """What the cards say, by key, in the order to show them; read once.

        Raises:
            InputError: a card is not valid TOML, or lacks something.
        """
        cards = [_read_card(path) for path in sorted(self._folder.glob(f"*/{CARD}"))]
        return {entry.key: entry for entry in sorted(cards, key=lambda entry: (entry.order, entry.key))}

    def keys(self) -> tuple[str, ...]:
        """The collections' keys in the order to show them."""
        return tuple(self.entries)

    def cards(self) -> tuple[tuple[str, Card], ...]:
        """Key and card of each collection in the order to show them."""
        return tuple((key, entry.card) for key, entry in self.entries.items())

    def traps(self, key: str) -> Mapping[str, Trap]:
        """Query id → what the query shows, for the collection `key`.

        Raises:
            InputError: there is no such collection.
        """
        return self._entry(key).traps

    def first_query(self, key: str) -> Query:
        """The query to show first.

        Raises:
            InputError: there is no such collection, or its card names a query that it does not have.
        """
        entry = self._entry(key)
        queries = {query.query_id: query for query in read_topics(self._source(key, "queries.jsonl"))}
        if entry.first_query in queries:
            return queries[entry.first_query]
        raise _unknown_query(key, entry.first_query)

    def load(self, key: str) -> Collection:
        """The collection, read anew.

        Raises:
            InputError: there is no such collection, or one of its files is missing or wrong; the sentence names the
                file and the line.
        """
        entry = self._entry(key)
        passages = _read_passages(self._source(key, "corpus.jsonl"))
        queries = read_topics(self._source(key, "queries.jsonl"))
        judgments = read_qrels(self._source(key, "qrels.tsv"))
        qrels, unknown = group_judgments(judgments, passages, queries)
        _check_judgments(judgments, unknown, entry.card)
        known = {query.query_id for query in queries}
        for query_id in (*entry.traps, entry.first_query):
            if query_id not in known:
                raise _unknown_query(key, query_id)
        return Collection(key, entry.card, passages, queries, qrels)

    def _entry(self, key: str) -> LibraryEntry:
        if key in self.entries:
            return self.entries[key]
        raise InputError(
            "There is no collection “{key}”. Choose one of {entries}.",
            key=shown(str(key)),
            entries=listed(self.entries),
        )

    def _source(self, key: str, name: str) -> Source:
        return Source(f"{key}/{name}", _bytes_of(self._folder / key / name), _UNLIMITED)


# ---- card.toml ---------------------------------------------------------------------------------------------------


def _read_card(path: Path) -> LibraryEntry:
    name = f"{path.parent.name}/{CARD}"
    try:
        values = tomllib.loads(_bytes_of(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("{name} is not valid TOML: {error}. Correct it there.", name=name, error=error) from error
    card = Card(
        title=_text(values, "title", name),
        description=_text(values, "description", name),
        language=_value(values, "language", str, name),
        licence=_value(values, "licence", str, name),
        source=_value(values, "source", str, name),
        grades=_grades(values, name),
    )
    traps = {_value(trap, "query", str, name): _trap(trap, name) for trap in values.get("traps", [])}
    order, first_query = _value(values, "order", int, name), _value(values, "first_query", str, name)
    return LibraryEntry(path.parent.name, card, order, first_query, traps)


def _trap(values: Mapping[str, Any], name: str) -> Trap:
    kinds, key = {kind.key: kind for kind in TRAP_KINDS}, _value(values, "kind", str, name)
    if key in kinds:
        return Trap(kinds[key], _text(values, "trap", name))
    raise InputError(
        "{name} has a trap of the kind “{key}”. Choose one of {kinds}.", name=name, key=key, kinds=listed(kinds)
    )


def _value(values: Mapping[str, Any], key: str, kind: type, name: str) -> Any:
    """The value of `key`, which is a `kind` and not empty."""
    value = values.get(key)
    if isinstance(value, kind) and value:
        return value
    needs = {str: Message("a text"), int: Message("a number"), dict: Message("a table")}[kind]
    raise InputError("{name} has no usable “{key}”. It needs {needs} there.", name=name, key=key, needs=needs)


def _text(values: Mapping[str, Any], key: str, name: str) -> Message:
    """A sentence of a card: English there, in other languages wherever all sentences are."""
    return Message(_value(values, key, str, name))


def _grades(values: Mapping[str, Any], name: str) -> dict[int, Message]:
    """The grades' meanings, 0 upwards."""
    grades = _value(values, "grades", dict, name)
    if any(not key.isdecimal() for key in grades):
        raise InputError(
            "{name} has a grade that is not a whole number: {grades}. Grades are 0, 1, 2…",
            name=name,
            grades=listed(grades),
        )
    return {int(key): _text(grades, key, name) for key in sorted(grades, key=int)}


# ---- files -------------------------------------------------------------------------------------------------------


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        name = f"{path.parent.name}/{path.name}"
        raise InputError(
            "{name} cannot be read. A collection needs card.toml, corpus.jsonl, queries.jsonl and qrels.tsv.", name=name
        ) from error


def _read_passages(source: Source) -> tuple[Passage, ...]:
    """The passages of a corpus.jsonl.

    Raises:
        InputError: one lacks text or id, or repeats an earlier one.
    """
    found = read_jsonl(source)
    kept, duplicates, _ = distinct(found.entries, _UNLIMITED)
    for entry in found.entries:
        if not entry.doc_id:
            where = entry.location.start
            raise InputError("{where} has no _id. Give every passage one.", where=where)
    if duplicates or found.empty_passages:
        raise InputError(
            "{file} has passages twice ({duplicates}) or without text ({empty_passages}). Remove them.",
            file=source.file,
            duplicates=duplicates,
            empty_passages=found.empty_passages,
        )
    return tuple(Passage(entry.doc_id, entry.text, entry.title, entry.fields) for entry in kept)


def _check_judgments(judgments: Sequence[JudgmentRow], unknown: Sequence[JudgmentRow], card: Card) -> None:
    """Nothing, if every judgment names what exists and has a grade that the card explains."""
    for one in unknown:
        where = one.location.start
        raise InputError(
            "{where} judges passage “{doc_id}” for query “{query_id}”; one of them is not in the collection. "
            "Correct the id, or remove the line.",
            where=where,
            doc_id=one.doc_id,
            query_id=one.query_id,
        )
    for one in judgments:
        if one.grade not in card.grades:
            where = one.location.start
            allowed = [str(grade) for grade in card.grades]
            raise InputError(
                "{where} has grade {grade}, whose meaning {card} does not give. Allowed: {allowed}.",
                where=where,
                grade=one.grade,
                card=CARD,
                allowed=listed(allowed),
            )


def _unknown_query(key: str, query_id: str) -> InputError:
    return InputError(
        "{key}/{card} names the query “{query_id}”, which is not in queries.jsonl. Correct the id.",
        key=key,
        card=CARD,
        query_id=query_id,
    )
