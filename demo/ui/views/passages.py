"""The table of all candidates of a comparison, a list of cards on a phone, and the panel of the chosen passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.messages import Language, Message
from demo.phrases import change_mark, describe_change, direction
from demo.records import Comparison, Ranker, ScoreKind
from demo.text import Analysis
from demo.ui import wording as w
from demo.ui.views.passage_text import NO_MEANINGS, PassageText, Verdict, grade_words, passage_texts, verdicts
from demo.ui.views.render import render

GRADES = (0, 1, 2, 3)
"""The grades that a person can give."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is shown of one candidate: both rankers' verdicts and the change between them."""

    passage: PassageText
    before: Verdict
    after: Verdict
    change: int
    direction: str
    arrow: str
    change_words: str

    @property
    def rank(self) -> int:
        """Where the row stands at first."""
        return self.after.rank

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the panel shows, ranker by ranker."""
        return self.before, self.after

    @property
    def keys(self) -> dict[str, float]:
        """What the columns sort by."""
        return {
            "was": self.before.rank,
            "change": self.change,
            "before-score": self.before.value,
            "after-score": self.after.value,
            "tokens": self.after.pair_tokens,
        }


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: the row's `data-` key it sorts by, and which way a first click sorts."""

    key: str
    label: str
    css: str = ""
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Grade:
    """A button of the judging control; an empty key clears."""

    key: str
    label: str
    words: str


def rows(
    comparison: Comparison, grades: Mapping[int, Message], analysis: Analysis, language: Language
) -> tuple[Row, ...]:
    """One row per candidate, in the order of the new ranking."""
    texts = passage_texts(
        comparison.query,
        comparison.candidates,
        comparison.grades,
        grades,
        analysis,
        language,
        comparison.after.extents,
    )
    before, after = verdicts(comparison.before, language), verdicts(comparison.after, language)

    def row(index: int) -> Row:
        change = int(comparison.moves[index])
        return Row(
            passage=texts[index],
            before=before[index],
            after=after[index],
            change=change,
            direction=direction(change),
            arrow=change_mark(change),
            change_words=describe_change(change).to(language),
        )

    return tuple(row(int(index)) for index in comparison.after.order)


def table(comparison: Comparison, grades: Mapping[int, Message], analysis: Analysis, language: Language) -> str:
    """The table of all candidates; a list of cards on a phone."""
    columns = (
        Column("rank", w.COLUMN_RANK.to(language), "col-rank", ascending=True),
        Column("change", w.COLUMN_CHANGE.to(language), "col-change"),
        Column("was", w.COLUMN_WAS.to(language), "col-was", ascending=True),
        Column("beforeScore", comparison.before.ranker.label, "col-score"),
        Column("afterScore", w.CROSS_ENCODER.to(language), "col-score"),
        Column("tokens", w.COLUMN_TOKENS.to(language), "col-tokens"),
        *passage_columns(language),
    )
    return render(
        "table.html",
        language,
        heading=w.RANKING.to(language),
        rows=rows(comparison, grades, analysis, language),
        columns=columns,
        sorted_by="rank",
        judged=judged(comparison.grades),
        before=comparison.before.ranker.label,
        first=int(comparison.after.order[0]) if comparison.size else -1,
        run=id(comparison.candidates),
    )


def passage_columns(language: Language) -> tuple[Column, Column]:
    """The last two columns of every table: grade and passage."""
    return (
        Column("grade", w.COLUMN_GRADE.to(language), "col-grade"),
        Column("text", w.COLUMN_PASSAGE.to(language), "col-passage", ascending=True),
    )


def judged(grades: Sequence[int | None]) -> bool:
    """Whether any candidate has a grade for this query."""
    return any(grade is not None for grade in grades)


def panel(
    comparison: Comparison, language: Language, grades: Mapping[int, Message] = NO_MEANINGS, live: bool = True
) -> str:
    """The passage panel; the page fills it from the chosen row of the table.

    Args:
        live: whether there is a server to judge for and to ask why.
    """
    labels = [(comparison.before.ranker, comparison.before.ranker.label)]
    labels.append((comparison.after.ranker, w.CROSS_ENCODER.to(language)))
    return ranker_panel(labels, grades, id(comparison.candidates), language, live)


def ranker_panel(
    rankers: Sequence[tuple[Ranker, str]], grades: Mapping[int, Message], run: int, language: Language, live: bool
) -> str:
    """The panel with a score and a bar for every ranker under its label, and where it is live the judging control."""
    buttons = [Grade(str(grade), str(grade), grade_words(grade, grades, language)) for grade in GRADES]
    return render(
        "panel.html",
        language,
        rankers=[(label, ranker.kind is ScoreKind.LOGIT) for ranker, label in rankers],
        grades=[Grade("", "–", w.UNJUDGED.to(language)), *buttons],
        run=run,
        live=live,
    )
