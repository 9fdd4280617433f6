"""What every table shows of a passage itself, and what one ranker says of it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from types import MappingProxyType

import numpy as np

from demo.charts.scales import Values, min_max
from demo.messages import Language, Message
from demo.phrases import passage_name, score_text, shorten
from demo.records import Extent, Passage, Query, Ranking
from demo.results.scores import probabilities
from demo.score_kinds import ScoreKind
from demo.text import Analysis, matching_spans
from demo.ui import wording as w

SHOWN_CHARS = 2_000_000
"""Characters of passage text in one page of results, shared equally by the candidates."""
NAME_COLUMNS = 90
SNIPPET_CHARS, LEAD_CHARS = 170, 30
"""Of a text that a snippet shows, and of it before the first of the query's words."""
SEARCHED_CHARS = 20_000
MOST_FIELDS, FIELD_COLUMNS = 30, 300
"""Of what else was said of a passage: how many fields are shown, and how much of each."""
MORE = "…"
"""In place of a name, for the number of fields that are not shown."""
NO_MEANINGS: Mapping[int, Message] = MappingProxyType({})
"""A collection that does not say what its grades mean."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """A stretch of a passage: whether it matches the query's words, and whether the model left it unread."""

    text: str
    marked: bool
    unread: bool


@dataclass(frozen=True, slots=True)
class PassageText:
    """One candidate's words: title and text in parts, its name on one line, its grade, what else was said of it."""

    index: int
    doc_id: str
    title_parts: tuple[TextPart, ...]
    name: str
    parts: tuple[TextPart, ...]
    shortened: str
    grade: int | None
    grade_short: str
    grade_words: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one ranker says of one candidate.

    Attributes:
        rank: None where the ranker did not find it; rank_short: the same for a cell, “2=” where others share it, “–”
            where there is none; sort_rank: a number to sort by.
        value: the score as a number for sorting; score: the same in words, "–" where the ranker did not read it.
        share: 0…1, how much of the score's bar is full (`shares`).
        tokens: tokens that the model read, "read/all" where it did not read to the end; cut: whether it did not.
        reading: what it read, in one sentence; empty for rankers that read everything.
    """

    rank: int | None
    rank_short: str
    sort_rank: int
    rank_words: str
    score: str
    value: float
    share: float
    pair_tokens: int
    tokens: str
    cut: bool
    reading: str


def parts_of(
    text: str, spans: list[tuple[int, int]], extent: Extent | None, offset: int, limit: int
) -> tuple[TextPart, ...]:
    """`text` cut where marking or reading changes.

    Args:
        text: the passage's text; spans: stretches of it that match the query, disjoint and ascending.
        extent: what the model read, in characters of `Passage.content`; None: all of it.
        offset: where `text` begins in `Passage.content`.
        limit: characters shown.
    """
    shown = text[:limit]
    start, end = (extent.start_char - offset, extent.end_char - offset) if extent else (0, len(text))
    cuts = {0, len(shown)} | {min(max(cut, 0), len(shown)) for span in (*spans, (start, end)) for cut in span}
    edges = sorted(cuts)
    parts = []
    at = 0
    for left, right in pairwise(edges):
        while at < len(spans) and spans[at][1] <= left:
            at += 1
        is_marked = at < len(spans) and spans[at][0] <= left
        parts.append(TextPart(shown[left:right], is_marked, left < start or left >= end))
    return tuple(parts)


def snippet_of(text: str, query: str, analysis: Analysis) -> tuple[TextPart, ...]:
    """The stretch of the text that has most of the query's words, marked; “…” where the text goes on."""
    spans = matching_spans(text[:SEARCHED_CHARS], query, analysis)
    start = _snippet_start(text, [left for left, _ in spans])
    end = min(len(text), start + SNIPPET_CHARS)
    shown = [
        (max(left, start) - start, min(right, end) - start) for left, right in spans if start < right and left < end
    ]
    inside = parts_of(text[start:end], shown, None, offset=0, limit=SNIPPET_CHARS)
    return (
        *([TextPart("… ", False, False)] if start else []),
        *inside,
        *([TextPart("…", False, False)] if end < len(text) else []),
    )


def _snippet_start(text: str, matches: Sequence[int]) -> int:
    """Where the snippet begins: a little before the match from which most others are near, at a word."""
    if len(text) <= SNIPPET_CHARS or not matches:
        return 0
    reach = SNIPPET_CHARS - LEAD_CHARS
    ends = [bisect_left(matches, at + reach) for at in matches]
    best = max(range(len(matches)), key=lambda index: (ends[index] - index, -index))
    start = max(0, matches[best] - LEAD_CHARS)
    if matches[best] < reach or not start:
        return 0
    return text.find(" ", start, matches[best]) + 1 or start


def passage_texts(
    query: Query,
    candidates: Sequence[Passage],
    grades: Sequence[int | None],
    meanings: Mapping[int, Message],
    analysis: Analysis,
    language: Language,
    extents: Sequence[Extent] = (),
) -> list[PassageText]:
    """The words of every candidate, in candidate order; `extents` mark what was left unread."""
    limit = SHOWN_CHARS // max(1, len(candidates))

    def words(index: int, passage: Passage) -> PassageText:
        offset = len(passage.content) - len(passage.text)
        spans = matching_spans(passage.text[:limit], query.text, analysis)
        title_spans = matching_spans(passage.title, query.text, analysis)
        grade = grades[index]
        shortened = w.SHOWN_PART.format(shown=limit, total=len(passage.text)).to(language)
        return PassageText(
            index=index,
            doc_id=passage.doc_id,
            title_parts=parts_of(passage.title, title_spans, None, offset=0, limit=len(passage.title)),
            name=passage_name(passage, NAME_COLUMNS),
            parts=parts_of(passage.text, spans, extents[index] if extents else None, offset, limit),
            shortened=shortened if len(passage.text) > limit else "",
            grade=grade,
            grade_short="–" if grade is None else str(grade),
            grade_words=grade_words(grade, meanings, language),
            fields=shown_fields(passage.fields, min(FIELD_COLUMNS, max(10, limit // MOST_FIELDS))),
        )

    return [words(index, passage) for index, passage in enumerate(candidates)]


def shown_fields(fields: Mapping[str, str], columns: int) -> tuple[tuple[str, str], ...]:
    """The first `MOST_FIELDS` names, their values on one line cut to so many columns; then the number of others."""
    shown = [
        (shorten(name[:SEARCHED_CHARS], NAME_COLUMNS), shorten(value[:SEARCHED_CHARS], columns))
        for name, value in islice(fields.items(), MOST_FIELDS)
    ]
    more = len(fields) - len(shown)
    return (*shown, *([(MORE, f"+{more:,}")] if more else []))


def grade_words(grade: int | None, meanings: Mapping[int, Message], language: Language) -> str:
    """«2: on the same subject», with the collection's own words where it has any; «unjudged» for None."""
    if grade is None:
        return w.UNJUDGED.to(language)
    meaning = meanings.get(grade) or w.GRADE_MEANINGS.get(grade)
    return f"{grade}: {meaning.to(language)}" if meaning else str(grade)


def verdicts(ranking: Ranking, language: Language, indices: Iterable[int] | None = None) -> list[Verdict]:
    """What the ranker says of these candidates; of all, in candidate order, where none are named."""
    kind = ranking.ranker.kind
    likely, places = probabilities(ranking), shares(ranking)
    sharing = Counter(ranking.ranks[ranking.found].tolist())

    def words(index: int, rank: int | None) -> str:
        if rank is None:
            return w.NOT_FOUND.format(ranker=ranking.ranker.label).to(language)
        said = w.TICK.format(rank=rank).to(language)
        if sharing[rank] > 1:
            said = w.SHARED_RANK.format(rank=said, count=sharing[rank]).to(language)
        if np.isnan(ranking.scores[index]):
            return f"{said} · {w.NOT_RERANKED.to(language)}"
        if kind.sigmoid and likely is not None:
            return f"{said} · {w.SIGMOID.format(p=f'{likely[index]:.3f}').to(language)}"
        return said

    def verdict(index: int) -> Verdict:
        score = float(ranking.scores[index])
        rank = ranking.rank(index)
        extent = ranking.extents[index] if ranking.extents else None
        cut = extent is not None and extent.truncated
        return Verdict(
            rank=rank,
            rank_short="–" if rank is None else f"{rank}=" if sharing[rank] > 1 else str(rank),
            sort_rank=int(ranking.ranks[index]),
            rank_words=words(index, rank),
            score=score_words(score, kind),
            value=round(score, 6),
            share=round(float(places[index]), 4),
            pair_tokens=extent.pair_tokens if extent else 0,
            tokens=_tokens(extent, cut),
            cut=cut,
            reading=_reading(extent, cut, language),
        )

    return [verdict(index) for index in (range(ranking.scores.size) if indices is None else indices)]


def score_words(value: float, kind: ScoreKind) -> str:
    """The score as its kind is written; "–" for no score, which a run has for what it does not list."""
    return "–" if np.isnan(value) or value == -np.inf else score_text(value, kind.decimals, plus=kind.signed)


def shares(ranking: Ranking) -> Values:
    """float64 (n,), each score's share of a full bar, 0…1.

    A probability is its own share, a logit's is its sigmoid: where nothing answers, the first bar is empty as well. Of
    other kinds it is the place between the lowest finite score (0) and the highest (1); 0 where those are equal.
    Infinite scores lie at their end, missing ones at 0.
    """
    likely = probabilities(ranking)
    if likely is not None:
        return np.clip(np.nan_to_num(likely), 0.0, 1.0)
    values = ranking.scores.astype(np.float64)
    finite = np.isfinite(values)
    places = np.where(values == np.inf, 1.0, 0.0)
    scaled = min_max(values[finite]) if finite.any() else None
    if scaled is not None:
        places[finite] = scaled
    return places


def _tokens(extent: Extent | None, cut: bool) -> str:
    if extent is None:
        return "–"
    return f"{extent.read_tokens}/{extent.pair_tokens}" if cut else str(extent.pair_tokens)


def _reading(extent: Extent | None, cut: bool, language: Language) -> str:
    if extent is None:
        return ""
    if extent.windows > 1:
        return w.READ_WINDOWS.format(windows=extent.windows).to(language)
    sentence = w.READ_PART if cut else w.READ_ALL
    return sentence.format(read=extent.read_tokens, pair=extent.pair_tokens).to(language)
