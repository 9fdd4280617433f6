"""The table of all candidates, a list of cards on a phone, and the panel of the chosen passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from demo.judgments import GRADES
from demo.messages import Language, Message
from demo.phrases import change_mark, describe_change, direction
from demo.records import Extent, ModelUse, Result
from demo.results.change import Pair
from demo.score_kinds import Side
from demo.text import Analysis
from demo.ui import wording as w
from demo.ui.views.models import parameters
from demo.ui.views.passage_text import (
    MORE,
    MOST_FIELDS,
    NO_MEANINGS,
    PassageText,
    Verdict,
    grade_words,
    passage_texts,
    verdicts,
)
from demo.ui.views.render import render


@dataclass(frozen=True, slots=True)
class PassageRow:
    """What is shown of one candidate: every ranker's verdict, and what else the columns need.

    Attributes:
        position: where the row stands at first, from 1.
        keys: what the columns sort by.
        direction, arrow, change_words: of the change between two rankers; "" among more.
        spread: worst rank − best rank.
    """

    passage: PassageText
    verdicts: tuple[Verdict, ...]
    position: int
    keys: Mapping[str, float] = field(default_factory=dict)
    direction: str = ""
    arrow: str = ""
    change_words: str = ""
    spread: int = 0


@dataclass(frozen=True, slots=True)
class PassageColumn:
    """What the table sorts by: the row's `data-` key, which way a first click sorts, whether it is a column as well.

    `note` stands below the label in the table's head.
    """

    key: str
    label: str
    css: str = ""
    ascending: bool = False
    shown: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class GradeButton:
    """A button of the judging control; an empty key clears."""

    key: str
    label: str
    words: str


# ---- two rankings ------------------------------------------------------------------------------------------------


def pair_rows(
    pair: Pair, grades: Mapping[int, Message], analysis: Analysis, language: Language
) -> tuple[PassageRow, ...]:
    """One row per candidate, in the order of the new ranking."""
    texts = _texts(pair.result, grades, analysis, language, pair.after.extents)
    before, after = verdicts(pair.before, language), verdicts(pair.after, language)

    def row(position: int, index: int) -> PassageRow:
        move = pair.change.move(index)
        return PassageRow(
            passage=texts[index],
            verdicts=(before[index], after[index]),
            position=position,
            keys={
                "was": before[index].sort_rank,
                "change": 0 if move is None else move,
                "before-score": before[index].value,
                "after-score": after[index].value,
                "tokens": after[index].pair_tokens,
            },
            direction=direction(move),
            arrow=change_mark(move),
            change_words=describe_change(move).to(language),
        )

    return tuple(row(position, index) for position, index in enumerate(pair.after.order.tolist(), 1))


def pair_table(pair: Pair, grades: Mapping[int, Message], analysis: Analysis, language: Language) -> str:
    """The table of all candidates of two rankings; a list of cards on a phone."""
    labels = (pair.before.ranker.label, pair.after.ranker.label)
    columns = (
        PassageColumn("rank", w.COLUMN_RANK.to(language), "col-rank", ascending=True),
        PassageColumn("change", w.COLUMN_CHANGE.to(language), shown=False),
        PassageColumn("was", w.COLUMN_WAS.to(language), ascending=True, shown=False),
        PassageColumn("beforeScore", labels[0], "col-score"),
        PassageColumn("afterScore", labels[1], "col-score"),
        PassageColumn("tokens", w.COLUMN_TOKENS.to(language), shown=False),
        *_passage_columns(language),
    )
    rows = pair_rows(pair, grades, analysis, language)
    return _table("pair_table.html", w.RANKING, pair.result, rows, columns, "rank", language)


# ---- any number of rankings --------------------------------------------------------------------------------------


def rows(
    result: Result, grades: Mapping[int, Message], analysis: Analysis, language: Language
) -> tuple[PassageRow, ...]:
    """One row per candidate, in the order of the first ranking; none while there is no ranking."""
    if not result.rankings:
        return ()
    texts = _texts(result, grades, analysis, language)
    told = [verdicts(ranking, language) for ranking in result.rankings]

    def row(position: int, index: int) -> PassageRow:
        found = tuple(each[index] for each in told)
        ranks = [verdict.rank for verdict in found if verdict.rank is not None]
        spread = max(ranks) - min(ranks) if ranks else 0
        keys = {f"rank{number}": verdict.sort_rank for number, verdict in enumerate(found)}
        return PassageRow(texts[index], found, position, {**keys, "spread": spread}, spread=spread)

    return tuple(row(position, index) for position, index in enumerate(result.rankings[0].order.tolist(), 1))


def table(result: Result, grades: Mapping[int, Message], analysis: Analysis, language: Language) -> str:
    """The table of all candidates in all rankings; `grades` is what each grade means in this collection."""
    grade, passage = _passage_columns(language)
    columns = (
        passage,
        *(
            PassageColumn(
                f"rank{number}", ranking.ranker.label, "col-ranker", ascending=True, note=_size(ranking.ranker.model)
            )
            for number, ranking in enumerate(result.rankings)
        ),
        PassageColumn("spread", w.COLUMN_SPREAD.to(language), "col-spread"),
        grade,
    )
    found = rows(result, grades, analysis, language)
    return _table("result_table.html", w.RESULT_TABLE, result, found, columns, "rank0", language)


# ---- what all tables share ---------------------------------------------------------------------------------------


def _texts(
    result: Result,
    grades: Mapping[int, Message],
    analysis: Analysis,
    language: Language,
    extents: Sequence[Extent] = (),
) -> list[PassageText]:
    return passage_texts(result.query, result.candidates, result.grades, grades, analysis, language, extents)


def _table(
    template: str,
    heading: Message,
    result: Result,
    found: Sequence[PassageRow],
    columns: Sequence[PassageColumn],
    sorted_by: str,
    language: Language,
) -> str:
    return render(
        template,
        language,
        heading=heading.to(language),
        rows=found,
        columns=columns,
        fields=_field_names(found),
        sorted_by=sorted_by,
        judged=any(grade is not None for grade in result.grades),
        rankers=_labels(result),
        first=found[0].passage.index if found else -1,
        run=id(result.candidates),
    )


def _field_names(found: Sequence[PassageRow]) -> list[str]:
    """What else was said of the passages, by the names that their rows have: each can be a column."""
    names = dict.fromkeys(name for row in found for name, _ in row.passage.fields if name != MORE)
    return list(names)[:MOST_FIELDS]


def _size(use: ModelUse | None) -> str:
    """The parameters of a column's model: a label such as “Small” tells them of its own family alone."""
    return parameters(use.spec.parameters) if use and use.spec.parameters else ""


def _labels(result: Result) -> list[tuple[str, bool]]:
    """Every ranking's label, and whether a model that reads gave its scores."""
    return [(ranking.ranker.label, ranking.ranker.kind.side is Side.MODEL) for ranking in result.rankings]


def _passage_columns(language: Language) -> tuple[PassageColumn, PassageColumn]:
    """The columns of every table for grade and passage."""
    return (
        PassageColumn("grade", w.COLUMN_GRADE.to(language), "col-grade"),
        PassageColumn("text", w.COLUMN_PASSAGE.to(language), "col-passage", ascending=True),
    )


def panel(result: Result, language: Language, grades: Mapping[int, Message] = NO_MEANINGS, live: bool = True) -> str:
    """The passage panel, which the page fills from the chosen row of the table: a score and a bar for every ranker.

    Args:
        live: whether there is a server to judge for and to ask why.
    """
    return render(
        "panel.html",
        language,
        rankers=_labels(result),
        grades=grade_buttons(grades, language),
        run=id(result.candidates),
        live=live,
    )


def grade_buttons(meanings: Mapping[int, Message], language: Language) -> tuple[GradeButton, ...]:
    """The buttons of the judging control, the one that clears first."""
    graded = (GradeButton(str(grade), str(grade), grade_words(grade, meanings, language)) for grade in GRADES)
    return GradeButton("", "–", w.UNJUDGED.to(language)), *graded
