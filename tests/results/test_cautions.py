from dataclasses import replace

import numpy as np
import pytest
from fakes import BM25

from demo.messages import Message
from demo.records import Cost, Extent, ModelSpec, Passage, RankerSpec, Ranking
from demo.results.cautions import (
    not_all_taken,
    not_read_to_the_end,
    of_rankings,
    perhaps_no_answer,
    slower_than_exact,
    told_nothing_apart,
    unknown_script,
)
from demo.score_kinds import LOGIT, PROBABILITY

MODEL = RankerSpec("m", "M", LOGIT)
ENGLISH = ModelSpec("m", "MiniLM", "BERT")
MULTILINGUAL = ModelSpec("m", "BGE", "XLM-R", language="multilingual")


def test_fewer_taken_than_there_are() -> None:
    assert not_all_taken(40, 40, 40, 1000) == []
    (chosen,) = not_all_taken(50, 300, 400, 1000)
    assert "best 50 of 400 passages" in str(chosen)
    assert "Raise “Passages to rerank”" in str(chosen)
    (limited,) = not_all_taken(1000, 4000, 4000, 1000)
    assert "1000 is the most" in str(limited)
    assert "1000 个" in limited.to("zh")


def test_the_first_stage_found_fewer_than_the_depth() -> None:
    (found,) = not_all_taken(30, 30, 400, 1000)
    assert str(found) == "The first stage found 30 of 400 passages, and only these were reranked."


def test_what_a_ranker_says_of_itself_is_told_once() -> None:
    said = Message("Mind this.")
    rankings = [Ranking.from_scores(MODEL, [2.0, 1.0], warnings=(said,)) for _ in range(2)]
    assert of_rankings("a", [Passage("d", "b")] * 2, rankings) == (said,)


@pytest.mark.parametrize(("scores", "count"), [([1.5, 1.5], 1), ([1.5, 1.6], 0), ([1.5], 0), ([], 0)])
def test_all_tied(scores: list[float], count: int) -> None:
    assert len(told_nothing_apart(Ranking.from_scores(MODEL, scores))) == count


def test_who_found_nothing_is_not_said_to_have_tied_all() -> None:
    assert told_nothing_apart(Ranking.from_scores(MODEL, [0.0, 0.0], found=[False, False])) == []
    assert told_nothing_apart(Ranking.from_scores(MODEL, [0.0, 0.0], found=[True, False])) == []


def test_passages_that_were_cut_are_counted() -> None:
    whole, cut, windowed = Extent(20, 20, 0, 80), Extent(900, 512, 0, 2000), Extent(900, 512, 700, 2900, windows=3)
    (one,) = not_read_to_the_end(Ranking.from_scores(MODEL, [1.0, 2.0, 3.0], extents=(whole, cut, windowed)))
    assert str(one).startswith("1 of 3 passages was longer")
    (two,) = not_read_to_the_end(Ranking.from_scores(MODEL, [1.0, 2.0], extents=(cut, cut)))
    assert str(two).startswith("2 of 2 passages were longer")
    assert not_read_to_the_end(Ranking.from_scores(MODEL, [1.0, 2.0], extents=(whole, windowed))) == []
    assert not_read_to_the_end(Ranking.from_scores(MODEL, [1.0, 2.0])) == []


def test_a_best_score_that_promises_nothing() -> None:
    words, weak = Ranking.from_scores(BM25, [9.0, 1.0]), Ranking.from_scores(MODEL, [-13.43, -15.0])
    (said,) = perhaps_no_answer([words, weak])
    assert str(said) == "On a scale of 0…1 the best score of a model is 0.000: perhaps no passage answers the query."
    sure = Ranking.from_scores(replace(MODEL, kind=PROBABILITY), [0.2, 0.05])
    assert perhaps_no_answer([words, weak, sure]) == []
    (said,) = perhaps_no_answer([replace(sure, scores=np.array([np.nan, 0.05], np.float32))])
    assert "0.050" in str(said)
    assert perhaps_no_answer([words, replace(weak, found=np.zeros(2, np.bool_))]) == []
    assert perhaps_no_answer([]) == []


def test_a_precision_that_only_costs_time() -> None:
    slow = Ranking.from_scores(MODEL, [1.0, 2.0], Cost(pairs=2, device="cpu", precision="bf16", emulated=True))
    (one,) = slower_than_exact(slow)
    assert "no instructions for bf16" in str(one)
    assert "Choose fp32" in str(one)
    assert slower_than_exact(Ranking.from_scores(MODEL, [1.0, 2.0], Cost(device="cpu", precision="bf16"))) == []


@pytest.mark.parametrize(
    ("query", "text", "spec", "count"),
    [
        ("How many people live in Berlin?", "Zürich, Łódź and São Paulo", ENGLISH, 0),
        ("柏林有多少人?", "柏林是德国的首都。", ENGLISH, 1),
        ("柏林有多少人?", "柏林是德国的首都。", MULTILINGUAL, 0),
        ("Сколько людей живёт в Берлине?", "Берлин — столица Германии.", ENGLISH, 1),
        ("the symbol π", "Half of πr² is an area", ENGLISH, 0),
        ("1 + 1", "2", ENGLISH, 0),
    ],
)
def test_an_english_model_on_another_script(query: str, text: str, spec: ModelSpec, count: int) -> None:
    assert len(unknown_script(query, [Passage("d", text)], spec)) == count
