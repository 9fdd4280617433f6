"""The first view of two rankings: what each puts on top, as results that can be read, and lines between them.

All results are equally high, so the lines need no measuring: their ends are shares of the height.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.messages import Language, Message
from demo.phrases import change_mark, describe_change, direction, passage_name
from demo.results.change import TOP_K, Pair
from demo.text import Analysis, matching_spans
from demo.ui import wording as w
from demo.ui.views.curves import curve
from demo.ui.views.passage_text import TextPart, Verdict, grade_words, parts_of, snippet_of, verdicts
from demo.ui.views.passages import GradeButton, grade_buttons
from demo.ui.views.render import render


@dataclass(frozen=True, slots=True)
class Hit:
    """One readable result.

    Attributes:
        name: as the charts have it.
        title: in parts, the query's words marked; where there is none the passage's id, a number behind “#”.
        snippet: the stretch of the text that has most of the query's words.
        grade: "" where unjudged.
        other: where the other side has it.
        mark: says that the other side did not find it, where `other` is "".
    """

    index: int
    verdict: Verdict
    name: str
    title: tuple[TextPart, ...]
    snippet: tuple[TextPart, ...]
    grade: str
    grade_words: str
    direction: str
    arrow: str
    change_words: str
    other: str
    mark: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two columns, and how many candidates its ranking did not find."""

    name: str
    label: str
    hits: tuple[Hit, ...]
    unfound: str


@dataclass(frozen=True, slots=True)
class Line:
    """From a result on the left to its place on the right, in a box of 100 × 100; over the lower edge for the rest."""

    index: int
    classes: str
    path: str


def tops(pair: Pair, meanings: Mapping[int, Message], analysis: Analysis, language: Language, live: bool = True) -> str:
    """The two top tens side by side; on a narrow page one of them, at first the second, with what it was before.

    Args:
        meanings: what each grade means in this collection.
        live: whether there is a server to judge for and to ask why.
    """
    before, after = pair.before.top(TOP_K).tolist(), pair.after.top(TOP_K).tolist()
    buttons: Sequence[GradeButton] = grade_buttons(meanings, language) if live else ()
    return render(
        "tops.html",
        language,
        sides=[
            _side(pair, "before", before, meanings, analysis, language),
            _side(pair, "after", after, meanings, analysis, language),
        ],
        lines=_lines(pair, before, after),
        rows=max(len(before), len(after)),
        judged=any(grade is not None for grade in pair.result.grades),
        grades=buttons,
        live=live,
        run=id(pair.result.candidates),
    )


def _side(
    pair: Pair,
    name: str,
    indices: Sequence[int],
    meanings: Mapping[int, Message],
    analysis: Analysis,
    language: Language,
) -> Side:
    ranking, other = (pair.before, pair.after) if name == "before" else (pair.after, pair.before)
    elsewhere = w.NOW_AT if name == "before" else w.WAS_AT

    def hit(index: int, verdict: Verdict) -> Hit:
        passage, grade, move = pair.result.candidates[index], pair.result.grades[index], pair.change.move(index)
        title = passage.title or (f"#{passage.doc_id}" if passage.doc_id.isdecimal() else passage.doc_id)
        spans = matching_spans(passage.title, pair.result.query.text, analysis)
        found = bool(other.found[index])
        return Hit(
            index=index,
            verdict=verdict,
            name=passage_name(passage),
            title=parts_of(title, spans, None, offset=0, limit=len(title)),
            snippet=snippet_of(passage.text, pair.result.query.text, analysis),
            grade="" if grade is None else str(grade),
            grade_words=grade_words(grade, meanings, language),
            direction=direction(move),
            arrow=change_mark(move),
            change_words=describe_change(move).to(language),
            other=elsewhere.format(rank=int(other.ranks[index])).to(language) if found else "",
            mark="" if found else w.NOT_FOUND.format(ranker=other.ranker.label).to(language),
        )

    unfound = int((~ranking.found).sum())
    return Side(
        name=name,
        label=ranking.ranker.label,
        hits=tuple(map(hit, indices, verdicts(ranking, language, indices))),
        unfound=w.UNFOUND_HERE.format(count=unfound).to(language) if unfound else "",
    )


def _lines(pair: Pair, before: Sequence[int], after: Sequence[int]) -> list[Line]:
    """A line for every passage of either side; those of one side alone come from below or go there."""
    rows = max(len(before), len(after))

    def at(indices: Sequence[int], index: int) -> float:
        return round((indices.index(index) + 0.5) / rows * 100, 2) if index in indices else 100.0

    def line(index: int) -> Line:
        both = index in before and index in after
        way = direction(pair.change.move(index))
        return Line(
            index, f"{way}{' strong' if both else ' over'}", curve((0, 100), (at(before, index), at(after, index)))
        )

    return [line(index) for index in dict.fromkeys([*before, *after])]
