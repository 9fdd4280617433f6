"""One row per candidate: what the table, the phone's cards and the passage panel show of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from demo.charts.scales import Values, min_max, sigmoid
from demo.language import Language, Text
from demo.phrases import change_mark, describe_change, direction, passage_name, signed
from demo.records import Comparison, Extent, FloatArray, ScoreKind
from demo.text import Analysis, matching_spans
from demo.ui import wording
from demo.ui.views.render import render

SHOWN_CHARS = 2_000_000
"""Characters of passage text in one page of results, shared equally by the candidates."""
NAME_COLUMNS = 90


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a passage: whether it matches the query's words, and whether the model left it unread."""

    text: str
    marked: bool
    unread: bool


@dataclass(frozen=True, slots=True)
class Row:
    """What is shown of one candidate. Shares are 0…1 between the lowest and the highest score of the list."""

    index: int
    rank: int
    was: int
    change: int
    direction: str
    arrow: str
    change_words: str
    rank_words: str
    was_words: str
    before: str
    after: str
    before_value: float
    after_value: float
    before_share: float
    after_share: float
    pair_tokens: int
    tokens: str
    cut: bool
    reading: str
    grade: int | None
    grade_short: str
    grade_words: str
    doc_id: str
    title_parts: tuple[Part, ...]
    name: str
    parts: tuple[Part, ...]
    shortened: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: the row's `data-` key it sorts by, and which way a first click sorts."""

    key: str
    label: str
    css: str = ""
    ascending: bool = False


def score_words(value: float, kind: ScoreKind) -> str:
    """Two decimals; logits always carry their sign."""
    return signed(value, plus=kind is ScoreKind.LOGIT)


def shares(scores: FloatArray) -> Values:
    """float64 (n,), each score's place between the lowest (0) and the highest (1); all 0 where they are equal."""
    values = scores.astype(np.float64)
    scaled = min_max(values) if values.size else values
    return np.zeros_like(values) if scaled is None else scaled


def parts_of(
    text: str, spans: list[tuple[int, int]], extent: Extent | None, offset: int, limit: int
) -> tuple[Part, ...]:
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
        parts.append(Part(shown[left:right], is_marked, left < start or left >= end))
    return tuple(parts)


def _reading(extent: Extent | None, cut: bool, language: Language) -> str:
    if extent is None:
        return ""
    if extent.windows > 1:
        return wording.READ_WINDOWS.format(windows=extent.windows).to(language)
    sentence = wording.READ_PART if cut else wording.READ_ALL
    return sentence.format(read=extent.read_tokens, pair=extent.pair_tokens).to(language)


def rows(comparison: Comparison, grades: Mapping[int, Text], analysis: Analysis, language: Language) -> tuple[Row, ...]:
    """One row per candidate, in the order of the new ranking."""
    before, after = comparison.before, comparison.after
    before_shares, after_shares = shares(before.scores), shares(after.scores)
    probabilities = sigmoid(after.scores.astype(np.float64))
    limit = SHOWN_CHARS // max(1, comparison.size)

    def row(index: int) -> Row:
        passage = comparison.candidates[index]
        rank, was, change = (int(x[index]) for x in (after.ranks, before.ranks, comparison.moves))
        extent = after.extents[index] if after.extents else None
        cut = extent is not None and extent.truncated
        grade = comparison.grades[index]
        offset = len(passage.content) - len(passage.text)
        spans = matching_spans(passage.text[:limit], comparison.query.text, analysis)
        after_value = float(after.scores[index])
        probability = f" · {wording.SIGMOID.format(p=f'{probabilities[index]:.3f}').to(language)}"
        meaning = grades.get(grade) if grade is not None else None
        return Row(
            index=index,
            rank=rank,
            was=was,
            change=change,
            direction=direction(change),
            arrow=change_mark(change),
            change_words=describe_change(change).to(language),
            rank_words=wording.TICK.format(rank=rank).to(language)
            + (probability if after.ranker.kind is ScoreKind.LOGIT else ""),
            was_words=wording.TICK.format(rank=was).to(language),
            before=score_words(float(before.scores[index]), before.ranker.kind),
            after=score_words(after_value, after.ranker.kind),
            before_value=round(float(before.scores[index]), 6),
            after_value=round(after_value, 6),
            before_share=round(float(before_shares[index]), 4),
            after_share=round(float(after_shares[index]), 4),
            pair_tokens=extent.pair_tokens if extent else 0,
            tokens=(f"{extent.read_tokens}/{extent.pair_tokens}" if cut else str(extent.pair_tokens))
            if extent
            else "–",
            cut=cut,
            reading=_reading(extent, cut, language),
            grade=grade,
            grade_short="–" if grade is None else str(grade),
            grade_words=wording.UNJUDGED.to(language)
            if grade is None
            else f"{grade}: {meaning.to(language)}"
            if meaning
            else str(grade),
            doc_id=passage.doc_id,
            title_parts=parts_of(
                passage.title,
                matching_spans(passage.title, comparison.query.text, analysis),
                None,
                offset=0,
                limit=len(passage.title),
            ),
            name=passage_name(passage, NAME_COLUMNS),
            parts=parts_of(passage.text, spans, extent, offset, limit),
            shortened=wording.SHOWN_PART.format(shown=limit, total=len(passage.text)).to(language)
            if len(passage.text) > limit
            else "",
        )

    return tuple(row(int(index)) for index in after.order)


def judged(comparison: Comparison) -> bool:
    """Whether any candidate has a grade for this query."""
    return any(grade is not None for grade in comparison.grades)


def table(comparison: Comparison, grades: Mapping[int, Text], analysis: Analysis, language: Language) -> str:
    """The table of all candidates; a list of cards on a phone."""
    has_grades = judged(comparison)
    columns = (
        Column("rank", wording.COLUMN_RANK.to(language), "col-rank", ascending=True),
        Column("change", wording.COLUMN_CHANGE.to(language), "col-change"),
        Column("was", wording.COLUMN_WAS.to(language), "col-was", ascending=True),
        *((Column("grade", wording.COLUMN_GRADE.to(language), "col-grade"),) if has_grades else ()),
        Column("beforeScore", comparison.before.ranker.label, "col-score"),
        Column("afterScore", wording.CROSS_ENCODER.to(language), "col-score"),
        Column("tokens", wording.COLUMN_TOKENS.to(language), "col-tokens"),
        Column("text", wording.COLUMN_PASSAGE.to(language), ascending=True),
    )
    return render(
        "table.html",
        language,
        rows=rows(comparison, grades, analysis, language),
        columns=columns,
        judged=has_grades,
        before=comparison.before.ranker.label,
        first=int(comparison.after.order[0]) if comparison.size else -1,
        run=id(comparison),
    )


def panel(comparison: Comparison, language: Language) -> str:
    """The passage panel; the page fills it from the chosen row of the table."""
    return render(
        "panel.html",
        language,
        before=comparison.before.ranker.label,
        after=wording.CROSS_ENCODER.to(language),
        judged=judged(comparison),
        run=id(comparison),
    )
