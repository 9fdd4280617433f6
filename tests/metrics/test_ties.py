"""RBO and τ_AP of rankings with ties, against their definitions written out slowly and against published values."""

from __future__ import annotations

import re
from itertools import permutations
from math import inf
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.metrics.agreement import MEASURES, OVERLAP, RBO, TAU_AP, TAU_B, rbo_ext, tau_ap
from demo.records import RankerSpec, Ranking
from demo.score_kinds import LOGIT

quick = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def ranks_of(scores: list[float | None]) -> list[float]:
    """Competition ranks, the highest score first; infinite where there is none."""
    return [
        inf if score is None else 1 + sum(other is not None and other > score for other in scores) for score in scores
    ]


scored = st.integers(0, 5)
both = st.integers(0, 9).flatmap(
    lambda n: st.tuples(*(st.lists(scored | st.none(), min_size=n, max_size=n) for _ in range(2)))
)
"""Two rankings of the same 0 to 9 items with many ties, each of which may leave some out."""
whole = st.integers(2, 6).flatmap(lambda n: st.tuples(*(st.lists(scored, min_size=n, max_size=n) for _ in range(2))))
persistences = st.floats(0.05, 0.98)


# ---- RBO -----------------------------------------------------------------------------------------------------------


def slow_rbo(one: list[float], other: list[float], p: float) -> float | None:
    """(1 − p) Σ p^(d − 1) A(d), written as its definition says, with a sum that goes on until nothing is added.

    A(d) is 2 · common / (size of one + size of the other), of the items at rank d or above. A list that has ended is
    as long at depth d as d; what it would hold there is in common to the share that was common where it ended. Below
    the end of both A(d) stays as it was.
    """
    lists = sorted(([rank for rank in ranks if rank < inf] for ranks in (one, other)), key=len)
    shorter, longer = map(len, lists)
    if not shorter:
        return None

    def seen(ranks: list[float], d: int) -> set[int]:
        return {item for item, rank in enumerate(ranks) if rank <= d}

    def agreement(d: int) -> float:
        top_one, top_other = seen(one, d), seen(other, d)
        common: float = len(top_one & top_other)
        if d > shorter:
            common += agreement(shorter) * (d - shorter)
        return 2 * common / (max(len(top_one), d) + max(len(top_other), d))

    total, weight, d = 0.0, 1 - p, 1
    while weight > 1e-18:
        total += weight * agreement(min(d, longer))
        weight *= p
        d += 1
    return total


@quick
@given(both, persistences)
def test_rbo_is_its_definition(scores: tuple[list[float | None], list[float | None]], p: float) -> None:
    one, other = map(ranks_of, scores)
    expected = slow_rbo(one, other, p)
    assert rbo_ext(one, other, p) == (None if expected is None else pytest.approx(expected, abs=1e-9))


@quick
@given(both, persistences)
def test_rbo_is_symmetric_and_in_its_range(scores: tuple[list[float | None], list[float | None]], p: float) -> None:
    one, other = map(ranks_of, scores)
    found = rbo_ext(one, other, p)
    mirrored = rbo_ext(other, one, p)
    assert found == (None if mirrored is None else pytest.approx(mirrored, abs=1e-12))
    assert found is None or -1e-12 <= found <= 1 + 1e-12
    if any(rank < inf for rank in one):
        assert rbo_ext(one, one, p) == pytest.approx(1)


def ranks_in(groups: str, items: list[str]) -> list[float]:
    """The rank of each item in a ranking such as “a (b c) d”."""
    ranks: dict[str, float] = {}
    for group in re.findall(r"\([^)]*\)|\S+", groups):
        rank = len(ranks) + 1
        ranks |= dict.fromkeys(group.strip("()").split(), rank)
    return [ranks.get(item, inf) for item in items]


@pytest.mark.parametrize(
    ("one", "other", "p", "expected"),
    [
        ("i3 (i1 i5 i7) i9", "(i1 i9) i7 i3 i4", 0.930093081332594, 0.697096710334179),
        ("(i1 i9 i15 i17) i13 i4 i3 i2", "(i1 i17) i15 i9 i13 i4 (i2 i3) i14", 0.959906916802432, 0.966438584453973),
        ("i13 i4 (i1 i2 i5 i6)", "i11 i14 i1 (i5 i6) (i3 i12) i8", 0.936646766367491, 0.419724384588563),
        ("(i3 i6) (i2 i7) i10", "(i3 i6 i7 i10) (i1 i2)", 0.965413635276732, 0.946064537517568),
        ("i4 (i2 i7) i10 i5", "i1 i3 (i6 i7 i9 i10)", 0.968432720355691, 0.363709313737383),
        ("i2 i5 i3 (i1 i4)", "i5 i8 i2 (i3 i9)", 0.968922741966306, 0.580287544332462),
        ("(i3 i5 i6 i8 i9)", "(i1 i6) (i8 i10) i11 i2 (i3 i4)", 0.946588158477176, 0.481477824833812),
    ],
)
def test_rbo_as_its_authors_computed_it(one: str, other: str, p: float, expected: float) -> None:
    """Values of w.ext in github.com/julian-urbano/sigir2024-rbo, rbo/test.csv (Corsi and Urbano 2024)."""
    items = sorted({word.strip("()") for word in f"{one} {other}".split()})
    assert rbo_ext(ranks_in(one, items), ranks_in(other, items), p) == pytest.approx(expected, abs=1e-12)


def test_rankings_are_read_as_their_authors_write_them() -> None:
    assert ranks_in("a (b c d) e (f g)", list("abcdefgh")) == [1, 2, 2, 2, 5, 6, 6, inf]


# ---- τ_AP ----------------------------------------------------------------------------------------------------------


def slow_tau_ap(reference: list[float], other: list[float]) -> float | None:
    """The mean, over the items with any above them in `other`, of the share of those that the reference puts above,
    too, less the share that it puts below; what it ties is neither."""
    shares = []
    for own, place in zip(reference, other, strict=True):
        above = [its for its, its_place in zip(reference, other, strict=True) if its_place < place]
        if above:
            shares.append(sum(np.sign(own - its) for its in above) / len(above))
    return sum(shares) / len(shares) if shares else None


def classic_tau_ap(reference: list[float], order: list[int]) -> float:
    """2 / (n − 1) · Σ C(i) / (i − 1) − 1, as Yilmaz, Aslam and Robertson write it for two orders without ties."""
    n = len(order)
    right = [sum(reference[above] < reference[order[i]] for above in order[:i]) / i for i in range(1, n)]
    return 2 / (n - 1) * sum(right) - 1


@quick
@given(whole)
def test_tau_ap_is_its_definition(scores: tuple[list[float], list[float]]) -> None:
    reference, other = map(ranks_of, scores)
    expected = slow_tau_ap(reference, other)
    assert tau_ap(reference, other) == (None if expected is None else pytest.approx(expected, abs=1e-12))


@pytest.mark.parametrize("order", permutations(range(4)))
def test_tau_ap_without_ties_is_the_one_of_its_authors(order: tuple[int, ...]) -> None:
    reference = [3.0, 1.0, 2.0, 4.0]
    ranks = [order.index(item) + 1 for item in range(4)]
    assert tau_ap(reference, ranks) == pytest.approx(classic_tau_ap(reference, list(order)))


@quick
@given(whole)
def test_tau_ap_is_in_its_range_and_turns_with_the_reference(scores: tuple[list[float], list[float]]) -> None:
    reference, other = map(ranks_of, scores)
    found = tau_ap(reference, other)
    if len(set(other)) == 1:
        assert found is None
        return
    assert found is not None
    assert -1 <= found <= 1
    assert tau_ap([-rank for rank in reference], other) == pytest.approx(-found)
    assert tau_ap(other, other) == pytest.approx(1)


@pytest.mark.parametrize(
    ("reference", "other", "expected"),
    [
        ([1, 2, 3], [1, 2, 3], 1),
        ([1, 2, 3], [3, 2, 1], -1),
        ([1, 2, 3], [1, 1, 3], 1),  # the third alone has items above it, both rightly
        ([1, 2, 3], [1, 2, 2], 1),  # both tied items have the first above them, rightly
        ([2, 1, 3], [1, 2, 2], (-1 + 1) / 2),
        ([1, 1, 3], [1, 2, 3], (0 + 1) / 2),  # the reference ties the first two, which is neither right nor wrong
        ([1, 1, 1], [1, 2, 3], 0),
        ([1, 2], [1, 1], None),
        ([1], [1], None),
        ([], [], None),
    ],
)
def test_tau_ap_with_ties_worked_by_hand(reference: list[float], other: list[float], expected: float | None) -> None:
    assert tau_ap(reference, other) == (None if expected is None else pytest.approx(expected))


def test_tau_ap_has_a_direction() -> None:
    one, other = [1, 2, 3, 4], [4, 1, 2, 3]
    # `other` has the items in the order 2 3 4 1, so from its second place on 1, 1, −1; the other way −1, 0, ⅓
    assert tau_ap(one, other) == pytest.approx(1 / 3)
    assert tau_ap(other, one) == pytest.approx(-2 / 9)


# ---- every measure of two rankings ---------------------------------------------------------------------------------


def ranking_of(scores: list[float | None]) -> Ranking:
    spec = RankerSpec("made", "Made", LOGIT)
    values = [0.0 if score is None else float(score) for score in scores]
    return Ranking.from_scores(spec, values, found=[score is not None for score in scores])


@quick
@given(both)
def test_measures_are_in_their_range_and_symmetric_where_they_say_so(
    scores: tuple[list[float | None], list[float | None]],
) -> None:
    one, other = map(ranking_of, scores)
    for measure in MEASURES:
        found, mirrored = measure.between(one, other), measure.between(other, one)
        assert found is None or measure.least - 1e-12 <= found <= 1 + 1e-12
        if measure.symmetric:
            assert found == (None if mirrored is None else pytest.approx(mirrored, abs=1e-12))


@quick
@given(both, st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_changes_no_measure_of_ranks(
    scores: tuple[list[float | None], list[float | None]], random: Random
) -> None:
    mixed = list(range(len(scores[0])))
    random.shuffle(mixed)
    one, other = map(ranking_of, scores)
    one_mixed, other_mixed = (ranking_of([each[index] for index in mixed]) for each in scores)
    for measure in (TAU_B, TAU_AP, RBO):
        before, after = measure.between(one, other), measure.between(one_mixed, other_mixed)
        assert before == (None if after is None else pytest.approx(after, abs=1e-12)), measure.key


def test_what_nobody_found_is_one_group() -> None:
    one, other = ranking_of([3, 2, None, None]), ranking_of([2, 3, None, None])
    # pairs: the two found are turned, the two unfound tied in both, four pairs alike: (4 − 1) / 5
    assert TAU_B.between(one, other) == pytest.approx(3 / 5)
    # depth 1: 0 of 1; depth 2 and below: 2 of 2: (1 − 0.9) · 0 + 0.9 · 1
    assert RBO.between(one, other) == pytest.approx(0.9)
    assert OVERLAP.between(one, other) == pytest.approx(2 / 2)
