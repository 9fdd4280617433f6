"""The order of a list means nothing, and neither does the order inside a tie: no sentence and no figure changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from fakes import BM25, MODEL, FakeModel, FakeRanker, FakeSource, service_with
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.charts import PAIR_CHARTS, RESULT_CHARTS, Chart
from demo.charts.flow import flow_alt, flow_data
from demo.charts.scales import SCALES
from demo.messages import NOTHING, Message
from demo.rankers.protocol import Ranker
from demo.records import Card, Collection, Passage, Ranking, Result
from demo.results.change import Pair, compare
from demo.results.contested import contested
from demo.results.depth import at_depth, missed_by_depth, usual_depths
from demo.results.exchanges import exchanges
from demo.results.key_figures import key_figures
from demo.results.report import as_csv, as_json, pair_as_json
from demo.results.scores import score_facts
from demo.results.what_if import what_if
from demo.results.words import change_summary, summary
from demo.score_kinds import PROBABILITY
from demo.service import Request

WORDS = ("cat", "dog", "sun", "red", "sea")
ABSENT = "zebra"

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
lists = st.lists(texts, min_size=1, max_size=14, unique=True)
queries = st.lists(st.sampled_from((*WORDS, ABSENT)), min_size=1, max_size=3).map(" ".join)
firsts = st.sampled_from(
    ["bm25", "bm25[variant=okapi]", "bm25[variant=bm25plus]", "engine", "rrf(bm25+engine)", "z(bm25+engine)"]
)
depths = st.none() | st.integers(1, 6)
quick = settings(max_examples=25, deadline=None, derandomize=True, database=None)
thorough = settings(quick, max_examples=15)
"""Of the slow ones, which look at everything."""

TIES = FakeRanker("ties", lambda query, passage: float(len(passage.text) % 3), PROBABILITY)
SOME = FakeRanker("some", lambda query, passage: None if "sun" in passage.text else float(len(passage.text) % 4))
COLUMNS = ("bm25", "bm25[variant=okapi]", "tiny", "rrf(bm25+tiny)", "min-max(bm25+tiny)", "z(engine+tiny)")


def passage_of(text: str) -> Passage:
    return Passage(text.replace(" ", "-"), text)


def collection_of(list_of_texts: Sequence[str]) -> Collection:
    passages = tuple(map(passage_of, list_of_texts))
    scores = {passage.doc_id: float(len(passage.text) % 3) for passage in passages}
    return Collection("made", Card(Message("Made"), NOTHING), passages, engine_scores=scores)


def ranked(
    list_of_texts: Sequence[str], query: str, first: str = "bm25", depth: int | None = None, *more: Ranker
) -> Result:
    model = FakeModel(judge=lambda query, text: float(text.count("a") - text.count("d")))
    service = service_with(FakeSource(model))
    rankers = [*map(service.rankers.read, COLUMNS), *more]
    request = Request(query, collection_of(list_of_texts), service.rankers.read(first), depth)
    return service.run(request, rankers).run()


def without_timings(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_timings(each) for name, each in value.items() if name != "timings"}
    return [without_timings(each) for each in value] if isinstance(value, list) else value


def said(result: Result) -> dict[str, Any]:
    """Everything that a result says in words and numbers, except for what it cost."""
    found: dict[str, Any] = {
        "candidates": [passage.doc_id for passage in result.candidates],
        "json": without_timings(as_json(result)),
        "csv": as_csv(result),
        "summary": str(summary(result)),
        "cautions": [str(warning) for warning in result.warnings],
        "contested": contested(result, 2),
        "exchanges": exchanges(result, result.first.ranker.key, 3),
        "depths": missed_by_depth(result, (*range(result.size + 1), *usual_depths(result.size)), 3),
        "scores": [asdict(score_facts(ranking)) for ranking in result.rankings],
    }
    if len(result.rankings) > 1:
        found["pair"] = without_timings(pair_as_json(Pair.of(result)))
    for ranking in result.rankings:
        change = compare(result.first, ranking)
        found[f"change {ranking.ranker.key}"] = (
            str(change_summary(change, result.candidates)),
            key_figures(change, result.candidates)[:-1],
            change.moves.tolist(),
            change.biggest_movers(),
            change.brought(3),
            change.came_in(3),
        )
    return found


def drawn(result: Result) -> dict[str, Any]:
    """The data of every chart, on every scale, and what is said of it; of cost, only what does not depend on time."""
    found: dict[str, Any] = {"flow": flow_data(result.rankings), "flow alt": str(flow_alt(flow_data(result.rankings)))}
    shown: list[tuple[Chart, Any]] = [(chart, result) for chart in RESULT_CHARTS]
    if len(result.rankings) > 1:
        shown += [(chart, Pair.of(result)) for chart in PAIR_CHARTS]
    for chart, value in shown:
        for scale in SCALES if chart.scaled else SCALES[:1]:
            data = chart.data(value, scale)
            found[f"{chart.key} {scale.key}"] = (data, str(chart.alt(data)))
    return found


def say_the_same(one: Result, other: Result, at: int) -> None:
    """Both say the same, in full and where only the first stage's top `at` was reranked."""
    for first, second in ((one, other), (at_depth(one, at), at_depth(other, at))):
        expected, found = {**said(first), **drawn(first)}, {**said(second), **drawn(second)}
        for name, value in expected.items():
            assert repr(found[name]) == repr(value), name  # NaN is NaN


# ---- the order of the list -----------------------------------------------------------------------------------------


@thorough
@given(st.data(), lists, queries, firsts, depths, st.integers(0, 8))
def test_the_order_of_a_list_changes_nothing(
    data: st.DataObject, given_texts: list[str], query: str, first: str, depth: int | None, at: int
) -> None:
    shuffled = data.draw(st.permutations(given_texts))
    one, other = (ranked(each, query, first, depth, TIES, SOME) for each in (given_texts, shuffled))
    say_the_same(one, other, at)


@thorough
@given(lists, queries, firsts, depths, st.integers(0, 8))
def test_a_reversed_list_says_the_same(
    given_texts: list[str], query: str, first: str, depth: int | None, at: int
) -> None:
    one, other = (ranked(each, query, first, depth, TIES) for each in (given_texts, given_texts[::-1]))
    say_the_same(one, other, at)


@quick
@given(st.data(), lists, queries, queries, firsts)
def test_the_order_of_a_list_changes_nothing_of_an_edit(
    data: st.DataObject, given_texts: list[str], query: str, new: str, first: str
) -> None:
    other = data.draw(st.permutations(given_texts))
    one, two = (
        what_if(ranked(each, query, first, None, TIES), ranked(each, new, first, None, TIES))
        for each in (given_texts, other)
    )
    assert one == two


# ---- ranks, ties and what was not found ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "found", "ranks", "order"),
    [
        ([7.0, 5.0, 5.0, 1.0], None, [1, 2, 2, 4], [0, 1, 2, 3]),
        ([1.0, 5.0, 7.0, 5.0], None, [4, 2, 1, 2], [2, 1, 3, 0]),
        ([2.0, 2.0, 2.0], None, [1, 1, 1], [0, 1, 2]),
        ([3.0, 3.0, 1.0, 1.0, 0.0], None, [1, 1, 3, 3, 5], [0, 1, 2, 3, 4]),
        ([0.0, -0.0], None, [1, 1], [0, 1]),
        ([9.0, 5.0, 7.0], [False, True, True], [3, 2, 1], [2, 1, 0]),
        ([9.0, 5.0, 8.0, 5.0], [False, True, False, True], [3, 1, 3, 1], [1, 3, 0, 2]),
        ([9.0, 5.0], [False, False], [1, 1], [0, 1]),
        ([np.inf, -np.inf, np.inf], None, [1, 3, 1], [0, 2, 1]),
        ([], None, [], []),
    ],
)
def test_ranks_worked_by_hand(
    scores: list[float], found: list[bool] | None, ranks: list[int], order: list[int]
) -> None:
    ranking = Ranking.from_scores(BM25, scores, found=found)
    assert (ranking.ranks.tolist(), ranking.order.tolist()) == (ranks, order)
    assert ranking.top(9).tolist() == order[: len(scores) if found is None else sum(found)]


def ranks_are_those_of_their_order(ranking: Ranking) -> None:
    """Ties share the best of their places; the unfound share one rank, below all others."""
    found = ranking.found[ranking.order].tolist()
    assert found == sorted(found, reverse=True)
    ranks = ranking.ranks[ranking.order].tolist()
    assert all(rank in (place, before) for place, (before, rank) in enumerate(pairwise([0, *ranks]), 1))
    assert set(ranking.ranks[~ranking.found].tolist()) <= {sum(found) + 1}


@quick
@given(lists, queries, firsts, depths)
def test_ranks_are_those_of_their_order_at_every_depth(
    given_texts: list[str], query: str, first: str, depth: int | None
) -> None:
    result = ranked(given_texts, query, first, depth, TIES, SOME)
    for at in range(result.size + 1):
        for ranking in (result.first, *at_depth(result, at).rankings):
            ranks_are_those_of_their_order(ranking)


@quick
@given(lists, queries, firsts, st.integers(1, 8))
def test_a_smaller_depth_can_be_read_off_the_full_result(
    given_texts: list[str], query: str, first: str, depth: int
) -> None:
    full, smaller = (
        ranked(given_texts, query, first, None, TIES, SOME),
        ranked(given_texts, query, first, depth, TIES, SOME),
    )
    assert smaller.candidates == full.candidates[: smaller.size]
    limited = at_depth(full, depth)
    for there, here in zip(smaller.rankings, limited.rankings, strict=True):
        if there.ranker.kind in (MODEL.kind, PROBABILITY) and there.ranker.key != "some":
            assert here.ranks[: smaller.size].tolist() == there.ranks.tolist()


@quick
@given(lists, queries, firsts, st.integers(0, 8), st.integers(1, 5))
def test_what_a_depth_misses_is_what_its_candidates_lack(
    given_texts: list[str], query: str, first: str, depth: int, k: int
) -> None:
    full = ranked(given_texts, query, first, None, TIES)
    taken = set(full.first.top(depth).tolist() if depth < full.size else range(full.size))
    by_key = {ranking.ranker.key: ranking for ranking in full.rankings}
    for loss in missed_by_depth(full, (depth,), k):
        top = by_key[loss.ranker.key].top(k).tolist()
        assert list(loss.missed[0]) == [candidate for candidate in top if candidate not in taken]
        assert loss.unfound == sum(not full.first.found[candidate] for candidate in top)
        kept = {candidate for candidate in top if full.first.found[candidate]}
        assert kept <= set(full.first.top(loss.enough).tolist())
        assert loss.enough == 0 or not kept <= set(full.first.top(loss.enough - 1).tolist())


LIST = ("red sea", "cat dog", "sun", "cat", "dog dog", "sea sun")


@pytest.mark.parametrize("variant", ["bm25", "bm25[variant=okapi]", "bm25[variant=bm25plus]", "bm25[variant=bm25l]"])
def test_a_passage_without_a_word_of_the_query_has_no_rank_anywhere(variant: str) -> None:
    service = service_with(FakeSource())
    rankers = service.rankers.read_all([variant, "tiny"])
    result = service.run(Request("cat", collection_of(LIST), rankers[0]), rankers).run()
    unfound = {"red-sea", "sun", "dog-dog", "sea-sun"}
    bm25 = result.rankings[0]
    assert {result.candidates[index].doc_id for index in np.flatnonzero(~bm25.found)} == unfound
    assert bm25.ranks[~bm25.found].tolist() == [3, 3, 3, 3]
    for row in as_json(result)["results"]:
        assert (row["ranks"][variant] is None) == (row["doc_id"] in unfound)
        assert row["ranks"]["bundled/tiny"] is not None
    pair = Pair.of(result)
    for row in pair_as_json(pair)["results"]:
        assert (row["previous_rank"] is None) == (row["change"] is None) == (row["doc_id"] in unfound)
    moved = {result.candidates[index].doc_id for index in pair.change.biggest_movers()}
    assert not moved & unfound
    assert pair.change.comparable == 2
    assert score_facts(bm25).unfound == 4
    assert f"4 passages that {bm25.ranker.label} never found" in str(change_summary(pair.change, result.candidates))
    (loss,) = missed_by_depth(result, (6,))
    assert loss.unfound == 4


def test_a_passage_that_nobody_found_is_not_contested() -> None:
    service = service_with(FakeSource())
    rankers = service.rankers.read_all("bm25,bm25[variant=okapi]")
    result = service.run(Request("cat", collection_of(LIST), rankers[0]), rankers).run()
    assert {result.candidates[contest.candidate].doc_id for contest in contested(result)} == {"cat", "cat-dog"}


@pytest.mark.parametrize("column", ["bm25", "ties"])
def test_who_says_nothing_names_no_first_passage(column: str) -> None:
    """With no word found, or all scores equal, one ranking alone has nobody to put first."""
    level = FakeRanker("ties", lambda query, passage: 1.0)
    service = service_with(FakeSource())
    ranker = level if column == "ties" else service.rankers.read("bm25")
    result = service.run(Request(ABSENT, collection_of(LIST), service.rankers.read("bm25")), [ranker]).run()
    assert "first" not in str(summary(result))
    changed = compare(result.first, result.rankings[0])
    assert "first" not in str(change_summary(changed, result.candidates))


# ---- fusions and what was not found --------------------------------------------------------------------------------


def fused(text: str, one: Ranking, other: Ranking) -> Ranking:
    fusion = service_with(FakeSource()).rankers.read(text)
    return fusion.fuse([one, other])  # type: ignore[attr-defined]


def test_reciprocal_ranks_give_nothing_from_a_side_that_did_not_find() -> None:
    words = Ranking.from_scores(BM25, [4.0, 2.0, 0.0, 0.0], found=[True, True, False, False])
    model = Ranking.from_scores(MODEL, [1.0, 1.0, 9.0, 0.0], found=[True, True, True, False])
    found = fused("rrf(bm25+tiny)", words, model)
    assert found.scores == pytest.approx([1 / 61 + 1 / 62, 1 / 62 + 1 / 62, 0 + 1 / 61, 0], rel=1e-6)
    assert found.found.tolist() == [True, True, True, False]
    assert found.ranks.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("unfound_score", [0.0, 5.0, -9.0])
def test_min_max_gives_nothing_from_a_side_that_did_not_find(unfound_score: float) -> None:
    words = Ranking.from_scores(BM25, [-3.0, -1.0, -2.0, unfound_score], found=[True, True, True, False])
    model = Ranking.from_scores(MODEL, [0.0, 0.0, 0.0, 2.0])
    found = fused("min-max(bm25+tiny)", words, model)
    assert found.scores[3] == 1.0  # the model's share alone


def test_the_score_of_the_unfound_is_the_zero_of_min_max() -> None:
    # BM25 gives 0 where it finds nothing, so 4 of 5 is ⅘, and one passage found alone is 1
    model = Ranking.from_scores(MODEL, [0.0, 0.0, 0.0])
    two = Ranking.from_scores(BM25, [5.0, 4.0, 0.0], found=[True, True, False])
    one = Ranking.from_scores(BM25, [5.0, 0.0, 0.0], found=[True, False, False])
    assert fused("min-max(bm25+tiny)", two, model).scores == pytest.approx([1.0, 0.8, 0.0])
    assert fused("min-max(bm25+tiny)", one, model).scores.tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("method", ["min-max", "z"])
def test_not_to_be_found_is_never_better_than_to_be_found(method: str) -> None:
    words = Ranking.from_scores(BM25, [-3.0, -1.0, -2.0, 0.0], found=[True, True, True, False])
    model = Ranking.from_scores(MODEL, [0.0, 0.0, 0.0, 0.0])
    found = fused(f"{method}(bm25+tiny)", words, model)
    assert found.ranks[3] >= 3


@pytest.mark.parametrize("method", ["rrf", "min-max", "z"])
@quick
@given(up=st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=9))
def test_equal_evidence_makes_equal_ranks(method: str, up: list[float]) -> None:
    """What one side says of a passage the other says of its mirror image, so each pair of mirrored passages ties."""
    found = fused(f"{method}(bm25+tiny)", Ranking.from_scores(BM25, up), Ranking.from_scores(MODEL, up[::-1]))
    assert found.ranks.tolist() == found.ranks[::-1].tolist()


@quick
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=8), st.sampled_from(["min-max", "z"]))
def test_scores_that_cancel_out_tie(scores: list[int], method: str) -> None:
    one = Ranking.from_scores(BM25, np.array(scores))
    other = Ranking.from_scores(MODEL, 40 - 3 * np.array(scores))
    assert set(fused(f"{method}(bm25+tiny)", one, other).ranks.tolist()) == {1}
