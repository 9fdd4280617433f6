"""The measures: figures worked by hand, and trec_eval's own on random runs with ties, gaps and missing queries."""

from __future__ import annotations

import math
import random
import re
import subprocess
import sys

import ir_measures
import pytest
import pytrec_eval

from demo.errors import InputError
from demo.metrics.effectiveness import (
    MEASURES,
    MOST_GRADE,
    USUAL,
    Measure,
    MeasureRow,
    mean,
    measure_query,
    measure_run,
    parse_measure,
    parse_measures,
)


def one(text: str, order: list[str], grades: dict[str, int | None], relevant_from: int = 1) -> float:
    measure = parse_measure(text)
    return measure_query(order, grades, (measure,), relevant_from)[measure]


# ---- by hand -----------------------------------------------------------------------------------------------------

GRADES: dict[str, int | None] = {"a": 3, "b": 0, "c": 1, "lost": 2, "later": None}
ORDER = ["new", "a", "b", "c", "later"]


def test_ndcg_divides_grades_by_the_logarithm_of_the_rank() -> None:
    gained = 3 / math.log2(3) + 1 / math.log2(5)
    ideal = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)  # “lost” counts although nobody ranked it
    assert one("ndcg@10", ORDER, GRADES) == pytest.approx(gained / ideal, abs=1e-15)


def test_ndcg_at_k_cuts_the_ideal_order_as_well() -> None:
    assert one("ndcg@2", ORDER, GRADES) == pytest.approx((3 / math.log2(3)) / (3 + 2 / math.log2(3)), abs=1e-15)


@pytest.mark.parametrize(
    ("text", "from_1", "from_2"),
    [
        ("mrr", 1 / 2, 1 / 2),
        ("mrr@1", 0.0, 0.0),
        ("map", (1 / 2 + 2 / 4) / 3, (1 / 2) / 2),  # relevant: a, c, lost; from grade 2: a, lost
        ("p@4", 2 / 4, 1 / 4),
        ("p@10", 2 / 10, 1 / 10),
        ("r@3", 1 / 3, 1 / 2),
        ("judged@4", 3 / 4, 3 / 4),
        ("judged@10", 3 / 5, 3 / 5),
    ],
)
def test_binary_measures_start_at_the_chosen_grade(text: str, from_1: float, from_2: float) -> None:
    assert one(text, ORDER, GRADES) == pytest.approx(from_1, abs=1e-15)
    assert one(text, ORDER, GRADES, relevant_from=2) == pytest.approx(from_2, abs=1e-15)


def test_unjudged_is_not_judged_irrelevant() -> None:
    assert one("judged@2", ["a", "b"], {"a": 1, "b": 0}) == 1.0
    assert one("judged@2", ["a", "b"], {"a": 1, "b": None}) == 0.5
    assert one("judged@2", ["a", "b"], {"a": 1}) == 0.5


@pytest.mark.parametrize("measure", USUAL, ids=lambda measure: measure.key)
def test_nothing_judged_or_nothing_ranked_gives_0(measure: Measure) -> None:
    assert measure_query(["a"], {}, (measure,))[measure] == 0.0
    assert measure_query([], {"a": 1}, (measure,))[measure] == 0.0
    assert measure_run({}, {"q": ["a"]}, (measure,)) == {measure: {}}


def test_every_query_of_the_qrels_has_a_figure_in_their_order() -> None:
    qrels = {"q2": {"a": 1}, "missing": {"a": 1}, "irrelevant": {"a": 0}, "unjudged": {}, "q1": {"文": 1}}
    run = {"q1": ["文"], "q2": ["a"], "irrelevant": ["a"], "unjudged": ["a"], "foreign": ["a"]}
    (values,) = measure_run(qrels, run, parse_measures("ndcg@10")).values()
    assert list(values.items()) == [("q2", 1.0), ("missing", 0.0), ("irrelevant", 0.0), ("unjudged", 0.0), ("q1", 1.0)]


def test_ranks_decide_whatever_the_ids_are() -> None:
    assert one("mrr", ["z", "a"], {"z": 1}) == one("mrr", ["a", "z"], {"a": 1}) == 1.0


def test_a_passage_cannot_be_ranked_twice() -> None:
    with pytest.raises(ValueError, match="'q' names a passage twice"):
        measure_run({"q": {"a": 1}}, {"q": ["a", "b", "a"]}, USUAL)


@pytest.mark.parametrize("grade", [0, -1])
def test_irrelevant_passages_cannot_count_as_relevant(grade: int) -> None:
    with pytest.raises(InputError, match=f"from grade {grade}: .*Write 1 or more"):
        measure_run({"q": {"a": 1}}, {"q": ["a"]}, USUAL, grade)


def test_no_passage_counts_as_relevant_from_a_grade_that_nothing_can_have() -> None:
    assert one("p@1", ["a"], {"a": 100}, relevant_from=100) == 1.0


@pytest.mark.parametrize("grade", [MOST_GRADE + 1, 2**31 - 1, 2**63, -11, -(2**63) - 1])
def test_a_grade_that_no_file_can_have_is_refused_before_trec_eval_takes_memory_by_it(grade: int) -> None:
    with pytest.raises(InputError, match=r"^A judgment has a grade that is not from -10 to 100\."):
        one("ndcg@10", ["a"], {"a": grade})
    assert one("ndcg@10", ["a"], {"a": MOST_GRADE, "b": -10}) == 1.0
    for grade in (101, 2**31):  # trec_eval takes grades of 32 bits
        with pytest.raises(InputError, match=r"from a grade above 100, which is the highest\. Write 100 or less"):
            measure_run({"q": {"a": 1}}, {"q": ["a"]}, USUAL, grade)


def test_ids_may_be_any_texts() -> None:
    """trec_eval takes ids as C strings: a NUL ends them, and half a surrogate pair ends the process."""
    qrels = {
        "q\0x": {"a\0b": 1, "a\0c": 0, "": 0},
        "q\0y": {"d\udfff": 2, "d": 0},
        "q\ud800": {"a": 1},
        "": {"a b": 1},
    }
    run = {"q\0x": ["a\0c", "", "a\0b"], "q\0y": ["d", "d\udfff"], "q\ud800": ["a\0", "b", "c", "a"], "": ["a b"]}
    found = measure_run(qrels, run, parse_measures("mrr mrr@10 p@1 judged@1"))
    by_rank = {"q\0x": 1 / 3, "q\0y": 1 / 2, "q\ud800": 1 / 4, "": 1.0}
    first_relevant, first_judged = (
        {**dict.fromkeys(by_rank, 0.0), "": 1.0},
        {**dict.fromkeys(by_rank, 1.0), "q\ud800": 0.0},
    )
    assert list(found.values()) == [by_rank, by_rank, first_relevant, first_judged]


def test_the_mean_is_exact_and_of_nothing_0() -> None:
    assert mean([0.1] * 10) == 0.1
    assert mean([]) == 0.0


# ---- trec_eval ---------------------------------------------------------------------------------------------------

Scores = dict[str, dict[str, float]]


def made(seed: int) -> tuple[dict[str, dict[str, int]], Scores]:
    """Qrels with grades −1 to 3, and a run with tied scores, unjudged passages, missing and foreign queries."""
    draw = random.Random(seed)
    docs = [f"d{number}" for number in range(60)]
    qrels = {f"q{n}": {doc: draw.randint(-1, 3) for doc in draw.sample(docs, draw.randint(1, 30))} for n in range(30)}
    run = {
        f"q{n}": {doc: float(draw.randint(0, 12)) for doc in draw.sample(docs, draw.randint(1, 50))}
        for n in range(5, 35)
    }
    return qrels, run


def by_trec_eval(run: Scores) -> dict[str, list[str]]:
    """The order that trec_eval makes of scores: the highest first, of equals the greatest passage id."""
    return {query: sorted(scores, key=lambda doc: (scores[doc], doc), reverse=True) for query, scores in run.items()}


TREC_NAMES = {
    "ndcg@10": "ndcg_cut_10",
    "ndcg@7": "ndcg_cut_7",
    "ndcg": "ndcg",
    "mrr": "recip_rank",
    "map": "map",
    "map@20": "map_cut_20",
    "p@5": "P_5",
    "p@20": "P_20",
    "r@10": "recall_10",
    "r@100": "recall_100",
}


@pytest.mark.parametrize("relevant_from", [1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_every_figure_is_trec_evals_to_the_last_digit(seed: int, relevant_from: int) -> None:
    qrels, run = made(seed)
    oracle = pytrec_eval.RelevanceEvaluator(qrels, set(TREC_NAMES.values()), relevance_level=relevant_from)
    wanted = oracle.evaluate(run)
    found = measure_run(qrels, by_trec_eval(run), parse_measures(" ".join(TREC_NAMES)), relevant_from)
    for measure, values in found.items():
        name = TREC_NAMES[measure.key]
        assert values == {query: wanted[query][name] if query in wanted else 0.0 for query in qrels}, measure.key


@pytest.mark.parametrize("seed", range(4))
def test_rankings_cut_at_the_largest_k_give_the_figures_of_whole_ones(seed: int) -> None:
    qrels, run = made(seed)
    order = by_trec_eval(run)
    cut = parse_measures("ndcg@5 mrr@5 map@5 p@5 r@5 judged@5")
    whole = measure_run(qrels, order, (*cut, parse_measure("map")))
    assert measure_run(qrels, order, cut) == {measure: whole[measure] for measure in cut}


@pytest.mark.parametrize("seed", range(4))
def test_mrr_at_k_and_judged_are_ir_measures(seed: int) -> None:
    qrels, run = made(seed)
    run = {query: {doc: score + index / 100 for index, (doc, score) in enumerate(scores.items())}
           for query, scores in run.items()}  # fmt: skip
    oracle = {"mrr@3": ir_measures.RR(rel=2) @ 3, "judged@10": ir_measures.Judged @ 10}
    found = measure_run(qrels, by_trec_eval(run), parse_measures("mrr@3 judged@10"), 2)
    for measure, values in found.items():
        wanted = {row.query_id: row.value for row in ir_measures.iter_calc([oracle[measure.key]], qrels, run)}
        assert values == {query: wanted[query] for query in qrels}


# ---- rows and names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", MEASURES, ids=lambda row: row.key)
def test_every_row_says_itself_in_both_languages(row: MeasureRow) -> None:
    for text in (row.label, row.meaning):
        assert str(text)
        assert re.search("[\u4e00-\u9fff]", text.to("zh"))
    assert row.source


@pytest.mark.parametrize("row", MEASURES, ids=lambda row: row.key)
def test_the_ideal_order_is_never_worse_than_any_other(row: MeasureRow) -> None:
    measure, grades = row.at(4), {"a": 3, "b": 2, "c": 1, "d": 0, "e": 2}
    best = measure_query(sorted(grades, key=lambda doc: -grades[doc]), grades, (measure,))[measure]
    for seed in range(20):
        order = random.Random(seed).sample(sorted(grades), 5)
        assert 0 <= measure_query(order, grades, (measure,))[measure] <= best <= 1


@pytest.mark.parametrize("row", MEASURES, ids=lambda row: row.key)
def test_binary_rows_and_no_others_depend_on_the_grade(row: MeasureRow) -> None:
    order, grades = ["b", "a", "c"], {"a": 2, "b": 1, "c": 2}
    one_up, two_up = (measure_query(order, grades, (row.at(2),), grade)[row.at(2)] for grade in (1, 2))
    assert (one_up != two_up) == row.binary


def test_keys_and_aliases_are_unique() -> None:
    names = [name for row in MEASURES for name in (row.key, *row.aliases)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "key", "name"),
    [
        ("nDCG@10", "ndcg@10", "NDCG@10"),
        ("ndcg_cut_10", "ndcg@10", "NDCG@10"),
        (" RR ", "mrr", "MRR"),
        ("recip_rank", "mrr", "MRR"),
        ("MAP", "map", "MAP"),
        ("P_5", "p@5", "P@5"),
        ("recall@100", "r@100", "R@100"),
        ("Judged@20", "judged@20", "Judged@20"),
    ],
)
def test_measures_are_asked_for_in_any_common_way(text: str, key: str, name: str) -> None:
    assert (parse_measure(text).key, parse_measure(text).name) == (key, name)


@pytest.mark.parametrize("text", ["p", "ndcg@0", "r", "judged"])
def test_a_missing_cutoff_is_asked_for(text: str) -> None:
    with pytest.raises(InputError, match=r"needs a cutoff of 1 or more: write “.*@10”"):
        parse_measure(text)


@pytest.mark.parametrize("text", ["bleu", "ndcg@x", "ndcg@-1", "map@10@2", "准确率"])
def test_an_unknown_measure_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"no measure “{text}”. Choose among ndcg, mrr, map, p@k, r@k")):
        parse_measure(text)


def test_a_list_of_measures_keeps_its_order_and_drops_repeats() -> None:
    assert [measure.key for measure in parse_measures("map, ndcg@5;MAP，p@1")] == ["map", "ndcg@5", "p@1"]
    with pytest.raises(InputError, match="No measure was named"):
        parse_measures(" , ")


def test_at_most_twenty_measures_are_computed_at_a_time() -> None:
    asked = [f"p@{k}" for k in range(1, 21)]
    assert len(parse_measures(" ".join([*asked, "precision@1", "P@2"]))) == 20  # two of them have two names
    with pytest.raises(InputError, match=r"^21 measures were named, and at most 20 are possible\. Leave some out\.$"):
        parse_measures(" ".join([*asked, "map"]))


def test_ir_measures_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, demo.metrics.effectiveness; print('ir_measures' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
