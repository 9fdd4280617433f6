"""Queries in files of their own: BEIR's JSON lines, TREC's topics, or lines: an id, a tab and the text, or text."""

from __future__ import annotations

from collections.abc import Iterator

from demo.errors import InputError
from demo.formats.beir import distinct_queries, read_queries
from demo.formats.json_text import looks_like_jsonl
from demo.formats.source import Place, Source
from demo.formats.trec_sgml import looks_like_topics, read_sgml_topics
from demo.messages import Message
from demo.records import Query

_HEADER_IDS = ("id", "_id", "qid", "query_id", "query-id", "topic", "topic_id", "number")


def read_topics(source: Source) -> tuple[Query, ...]:
    """The queries in their order.

    Raises:
        InputError: one has no id or no text, or repeats an id; the sentence names the line. Or there is none.

    Where no line has a tab, the lines are queries, and their numbers are the ids.
    """
    if looks_like_topics(source):
        queries = read_sgml_topics(source)
    elif looks_like_jsonl(source):
        queries = read_queries(source)
    elif any("\t" in line for line in source.lines):
        queries = distinct_queries(_tab_lines(source))
    else:
        queries = tuple(Query(f"{at}", line.strip()) for at, line in enumerate(source.lines, 1) if line.strip())
    if queries:
        return queries
    raise InputError(
        Message("{file} holds no queries. Write one on each line, or an id, a tab and the query.", file=source.file)
    )


def _tab_lines(source: Source) -> Iterator[tuple[Place, Query]]:
    """The query of each line; a header is passed over."""
    first = True
    for number, line in enumerate(source.lines, 1):
        if not line.strip():
            continue
        query_id, _, text = (part.strip() for part in line.partition("\t"))
        is_header, first = first and query_id.lower() in _HEADER_IDS, False
        if is_header:
            continue
        if not query_id or not text:
            where = source.line(number).start
            raise InputError(
                Message("{where} has no query. Each line needs an id, a tab and the query.", where=where)
                if query_id
                else Message("{where} has no id. Each line needs an id, a tab and the query.", where=where)
            )
        yield source.line(number), Query(query_id, text)
