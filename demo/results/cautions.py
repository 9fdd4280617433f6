"""What a person should know before trusting a comparison, each with what can be done about it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import islice

import numpy as np

from demo.messages import Message, plural
from demo.metrics.agreement import all_tied
from demo.records import ModelSpec, Passage, Ranking
from demo.results.scores import probabilities

LETTERS_LOOKED_AT = 4_000
FOREIGN_SHARE = 0.3
WEAK_PROBABILITY = 0.1
"""A best score below it is doubted. With the bundled models at most 4 % of the bundled queries that have an answer are,
and from 73 % (Technical) to all (Small) of those that were asked of another collection."""


def of_rankings(query: str, passages: Sequence[Passage], rankings: Sequence[Ranking]) -> tuple[Message, ...]:
    """Everything there is to say of these rankings of the passages, each thing once."""
    models = dict.fromkeys(ranking.ranker.model.spec for ranking in rankings if ranking.ranker.model)
    found = (
        *(each for ranking in rankings for each in ranking.warnings),
        *(each for spec in models for each in unknown_script(query, passages, spec)),
        *(each for ranking in rankings for each in not_read_to_the_end(ranking)),
        *(each for ranking in rankings for each in slower_than_exact(ranking)),
        *(each for ranking in rankings for each in told_nothing_apart(ranking)),
        *perhaps_no_answer(rankings),
    )
    return tuple(dict.fromkeys(found))


def not_all_taken(taken: int, found: int, total: int, allowed: int) -> list[Message]:
    """Says that not all passages went to the reranker, and why.

    Args:
        taken: candidates; found: passages that the first stage found; total: passages in all; allowed: the most.
    """
    if taken >= total:
        return []
    if taken >= found:
        return [
            Message(
                "The first stage found {found:,} of {total:,} passages, and only these were reranked.",
                found=found,
                total=total,
            )
        ]
    remedy = Message("Raise “Passages to rerank” to take more.")
    if taken >= allowed:
        remedy = Message(
            "{allowed} is the most that this machine reranks at once (setting max_candidates).", allowed=allowed
        )
    return [
        Message(
            "The first stage passed on its best {taken} of {total} passages; the others were not reranked. {remedy}",
            taken=taken,
            total=total,
            remedy=remedy,
        )
    ]


def brought_beside(brought: int, first: str) -> list[Message]:
    """Says that runs brought candidates which the first stage did not pass on."""
    return [
        plural(
            "{count:,} passage is a candidate only because a run has it: {first} did not pass it on.",
            "{count:,} passages are candidates only because a run has them: {first} did not pass them on.",
            brought,
            first=first,
        )
    ]


def told_nothing_apart(after: Ranking) -> list[Message]:
    """Says that the reranker told no passage from another."""
    size = after.scores.size
    if size < 2 or not after.found.any() or not all_tied(after):
        return []
    return [
        Message(
            "{label} gave all {size} passages the same score, so it has no order. Try another query or another model.",
            label=after.ranker.label,
            size=size,
        )
    ]


def perhaps_no_answer(rankings: Sequence[Ranking]) -> list[Message]:
    """Says that even the first passage is hardly relevant, where every model whose scores tell it says so."""
    likely = [found[ranking.found] for ranking in rankings if (found := probabilities(ranking)) is not None]
    known = np.concatenate(likely) if likely else np.empty(0)
    best = float(np.max(known[~np.isnan(known)], initial=-1.0))
    if not 0 <= best < WEAK_PROBABILITY:
        return []
    return [
        Message(
            "On a scale of 0…1 the best score of a model is {best}: perhaps no passage answers the query.",
            best=f"{best:.3f}",
        )
    ]


def not_read_to_the_end(after: Ranking) -> list[Message]:
    """Says how many passages were longer than the model reads."""
    cut = sum(extent.truncated for extent in after.extents)
    if not cut:
        return []
    total = after.scores.size
    return [
        plural(
            "{count:,} of {total:,} passages was longer than {label} reads, and its end did not count. Turn on “Score "
            "long passages in overlapping windows” to have it read to the end.",
            "{count:,} of {total:,} passages were longer than {label} reads, and their ends did not count. Turn on "
            "“Score long passages in overlapping windows” to have them read to the end.",
            cut,
            total=total,
            label=after.ranker.label,
        )
    ]


def slower_than_exact(after: Ranking) -> list[Message]:
    """Says that the processor lacks instructions for the precision that was chosen to save time."""
    if not after.cost.emulated:
        return []
    precision = after.cost.precision
    return [
        Message(
            "This processor has no instructions for {precision}, so {label} took longer than in fp32, which is "
            "exact. Choose fp32.",
            precision=precision,
            label=after.ranker.label,
        )
    ]


def unknown_script(query: str, passages: Sequence[Passage], spec: ModelSpec) -> list[Message]:
    """Says that a model for English was given text that is largely not in Latin letters."""
    if spec.language != "English":
        return []
    texts = (query, *(passage.content[:400] for passage in passages))
    letters = list(islice((each for text in texts for each in text if each.isalpha()), LETTERS_LOOKED_AT))
    foreign = sum(not unicodedata.name(each, "").startswith(("LATIN", "FULLWIDTH LATIN")) for each in letters)
    if foreign <= FOREIGN_SHARE * len(letters):
        return []
    return [
        Message(
            "{label} was trained on English, and much of this text is written in another script: its scores may "
            "mean little here. Choose a multilingual model.",
            label=spec.label,
        )
    ]
