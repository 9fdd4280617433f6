"""Which words a score rests on, found by leaving each of them out: the score, less the score without it, is its effect.

This is occlusion (Zeiler and Fergus 2014, arXiv:1311.2901). It asks nothing of the model but scores, so it works for
every architecture, and every number in it can be checked by hand: delete the word, rank again. Effects do not add up to
the score: of two words that say the same, either can be missed, and neither seems to matter.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from demo.progress import Progress
from demo.rankers.cross_encoder.scoring import Scored
from demo.records import Effect, Occlusion, RankerSpec
from demo.text import Span, word_spans

MOST_STRETCHES = 96
"""Stretches of a text that are left out one at a time; the words of a longer one are joined."""

Score = Callable[[str, list[str]], Generator[Progress, None, Scored]]
"""A cross-encoder's scores of some contents for a query, after its progress."""


def occlude(
    query: str, content: str, score: Score, name: Callable[[Scored], RankerSpec]
) -> Generator[Progress, None, Occlusion]:
    """What the words of the query and of the passage do to the score; yields the ranker's progress.

    What the model did not read of the passage has no effect and is not left out, nor is the only word of a query.

    Args:
        name: who gave the scores.

    Raises:
        DemoError: whatever `score` met.
    """
    whole = yield from score(query, [content])
    read, full = whole.extents[0], float(whole.scores[0])
    spans = list(stretches(content, read.start_char, read.end_char))
    scored = yield from score(query, [without(content, span) for span in spans])
    passage = tuple(Effect(*span, full - float(rest)) for span, rest in zip(spans, scored.scores, strict=True))
    words = list(stretches(query, 0, len(query)))
    effects = []
    for span in words if len(words) > 1 else ():
        scored = yield from score(without(query, span), [content])
        effects.append(Effect(*span, full - float(scored.scores[0])))
    return Occlusion(name(whole), full, query, content, tuple(effects), passage)


def stretches(text: str, start: int, end: int, most: int = MOST_STRETCHES) -> Iterator[Span]:
    """The words that lie between two places of the text, equally many neighbours joined where there are over `most`."""
    words = [span for span in word_spans(text) if start <= span[0] and span[1] <= end]
    joined = -(-len(words) // most) or 1
    for first in range(0, len(words), joined):
        yield words[first][0], words[first : first + joined][-1][1]


def without(text: str, span: Span) -> str:
    """The text without the span, and without one of the two spaces that then would meet."""
    left, right = text[: span[0]], text[span[1] :]
    return left + (right.removeprefix(" ") if not left or left[-1].isspace() else right)
