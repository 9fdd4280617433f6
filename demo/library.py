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
from demo.formats.beir import read_qrels, read_queries
from demo.formats.json_text import read_jsonl
from demo.formats.source import Judgment, Limits, Source
from demo.language import Language, Text
from demo.records import Card, Collection, Passage, Query

CARD = "card.toml"
_UNLIMITED = Limits(*[sys.maxsize] * 4)


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """What card.toml says of one collection.

    Attributes:
        order: its place among the collections, from 1.
        first_query: id of the query to show first.
        traps: query id → what to look for in its ranking.
    """

    key: str
    card: Card
    order: int
    first_query: str
    traps: Mapping[str, Text]


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

    def traps(self, key: str) -> Mapping[str, Text]:
        """Query id → what to look for, for the collection `key`.

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
        queries = {query.query_id: query for query in read_queries(self._source(key, "queries.jsonl"))}
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
        queries = read_queries(self._source(key, "queries.jsonl"))
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
            f"There is no collection “{key}”. Choose one of {', '.join(self.entries)}.",
            f"没有名为“{key}”的集合。可选：{'、'.join(self.entries)}。",
        )

    def _source(self, key: str, name: str) -> Source:
        return Source(f"{key}/{name}", _bytes_of(self._folder / key / name), _UNLIMITED)


# ---- card.toml ---------------------------------------------------------------------------------------------------


def _read_card(path: Path) -> LibraryEntry:
    name = f"{path.parent.name}/{CARD}"
    try:
        values = tomllib.loads(_bytes_of(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name} is not valid TOML: {error}. Correct it there.",
            f"{name} 不是有效的 TOML：{error}。请在该处修正。",
        ) from error
    card = Card(
        title=_text(values, "title", name),
        description=_text(values, "description", name),
        language=_language(values, name),
        licence=_value(values, "licence", str, name),
        source=_value(values, "source", str, name),
        grades=_grades(values, name),
    )
    traps = {_value(trap, "query", str, name): _text(trap, "trap", name) for trap in values.get("traps", [])}
    order, first_query = _value(values, "order", int, name), _value(values, "first_query", str, name)
    return LibraryEntry(path.parent.name, card, order, first_query, traps)


def _value(values: Mapping[str, Any], key: str, kind: type, name: str) -> Any:
    """The value of `key`, which is a `kind` and not empty."""
    value = values.get(key)
    if isinstance(value, kind) and value:
        return value
    needs = {str: ("a text", "文本"), int: ("a number", "数字"), dict: ("a table", "表")}[kind]
    raise InputError(
        f"{name} has no usable “{key}”. It needs {needs[0]} there.",
        f"{name} 缺少可用的“{key}”。此处应为{needs[1]}。",
    )


def _text(values: Mapping[str, Any], key: str, name: str) -> Text:
    both = _value(values, key, dict, name)
    return Text(_value(both, "en", str, f"{name}, “{key}”,"), _value(both, "zh", str, f"{name}, “{key}”,"))


def _language(values: Mapping[str, Any], name: str) -> Language:
    language = _value(values, "language", str, name)
    if language == "en":
        return "en"
    if language == "zh":
        return "zh"
    raise InputError(
        f"{name} gives the language “{language}”. Allowed: en, zh.",
        f"{name} 的语言为“{language}”。可用：en、zh。",
    )


def _grades(values: Mapping[str, Any], name: str) -> dict[int, Text]:
    """The grades' meanings, 0 upwards."""
    grades = _value(values, "grades", dict, name)
    if any(not key.isdecimal() for key in grades):
        raise InputError(
            f"{name} has a grade that is not a whole number: {', '.join(grades)}. Grades are 0, 1, 2…",
            f"{name} 中有等级不是整数：{'、'.join(grades)}。等级应为 0、1、2……",
        )
    return {int(key): _text(grades, key, name) for key in sorted(grades, key=int)}


# ---- files -------------------------------------------------------------------------------------------------------


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        name = f"{path.parent.name}/{path.name}"
        raise InputError(
            f"{name} cannot be read. A collection needs card.toml, corpus.jsonl, queries.jsonl and qrels.tsv.",
            f"无法读取 {name}。集合需要 card.toml、corpus.jsonl、queries.jsonl 和 qrels.tsv。",
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
            where = entry.place.start
            raise InputError(
                f"{where.en} has no _id. Give every passage one.", f"{where.zh}没有 _id。请为每个段落指定。"
            )
    if duplicates or found.empty_passages:
        raise InputError(
            f"{source.file} has passages twice ({duplicates}) or without text ({found.empty_passages}). Remove them.",
            f"{source.file} 中有重复的段落（{duplicates}）或无文本的段落（{found.empty_passages}）。请删除。",
        )
    return tuple(Passage(entry.doc_id, entry.text, entry.title) for entry in kept)


def _check_judgments(judgments: Sequence[Judgment], unknown: Sequence[Judgment], card: Card) -> None:
    """Nothing, if every judgment names what exists and has a grade that the card explains."""
    for one in unknown:
        where = one.place.start
        raise InputError(
            f"{where.en} judges passage “{one.doc_id}” for query “{one.query_id}”; one of them is not in the "
            "collection. Correct the id, or remove the line.",
            f"{where.zh}判断的是查询“{one.query_id}”与段落“{one.doc_id}”，其中之一不在集合中。请改正 id，或删除该行。",
        )
    for one in judgments:
        if one.grade not in card.grades:
            where = one.place.start
            allowed = [str(grade) for grade in card.grades]
            raise InputError(
                f"{where.en} has grade {one.grade}, whose meaning {CARD} does not give. Allowed: {', '.join(allowed)}.",
                f"{where.zh}的等级为 {one.grade}，而 {CARD} 未说明其含义。可用：{'、'.join(allowed)}。",
            )


def _unknown_query(key: str, query_id: str) -> InputError:
    return InputError(
        f"{key}/{CARD} names the query “{query_id}”, which is not in queries.jsonl. Correct the id.",
        f"{key}/{CARD} 提到的查询“{query_id}”不在 queries.jsonl 中。请改正 id。",
    )
