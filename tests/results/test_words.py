from dataclasses import replace

import pytest
from fakes import BM25, LOST, SMALL, TINY, FakeRanker, made_model, make_result, ranking

from demo.rankers.fusion import Fusion
from demo.records import Failure, Ranking, Result
from demo.results.members import with_fusion
from demo.results.words import summary

ALSO_LOST = Failure(made_model("gone", "Gone"), LOST.reason)
TWELVE = list(range(12))
LEVEL = Ranking.from_scores(TINY, [1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("result", "en"),
    [
        (make_result(0), "There was nothing to rank."),
        (make_result(0, ranking(TINY, []), ranking(SMALL, [])), "There was nothing to rank."),
        (make_result(3), "There is no ranking yet."),
        (make_result(3, LOST), "The ranker failed, so there is no ranking."),
        (make_result(3, LOST, ALSO_LOST), "All 2 rankers failed, so there is no ranking."),
        (make_result(3, ranking(TINY, [2, 1, 0])), "Tiny alone ranked 3 passages, “passage 3” first."),
        (make_result(3, LEVEL), "Tiny alone ranked 3 passages."),
        (make_result(2, ranking(BM25, [0, 1], unfound=[0, 1])), "BM25 found none of the passages."),
        (make_result(1, LOST, ranking(TINY, [0])), "Tiny alone ranked 1 passage, “passage 1” first; Lost failed."),
        (
            make_result(1, ranking(BM25, [0]), ranking(TINY, [0])),
            "2 rankers ranked 1 passage; agreement τ is not defined for any two of them. "
            "No two of them place any passage far apart.",
        ),
        (
            make_result(3, ranking(BM25, [0, 1, 2]), LEVEL),
            "2 rankers ranked 3 passages; agreement τ is not defined for any two of them. "
            "No two of them place any passage far apart.",
        ),
        (
            make_result(3, ranking(BM25, [0, 1, 2]), LOST, ranking(TINY, [2, 1, 0]), ALSO_LOST),
            "2 rankers ranked 3 passages; Lost, Gone failed; BM25 and Tiny agree with τ −1.00: reversed. "
            "Most contested is “passage 1”: rank 1 for BM25, 3 for Tiny.",
        ),
        (
            make_result(2, ranking(BM25, [0, 1]), ranking(TINY, [0, 1])),
            "2 rankers ranked 2 passages; BM25 and Tiny agree with τ 1.00: 2 of 2 passages found by both, too few to "
            "speak of an order. No two of them place any passage far apart.",
        ),
        (
            make_result(3, ranking(BM25, [1, 0, 2]), ranking(TINY, [1, 0, 2]), ranking(SMALL, [1, 0, 2])),
            "3 rankers ranked 3 passages; any two of them agree with τ 1.00. "
            "No two of them place any passage far apart.",
        ),
        (
            # small turns one of three pairs of BM25, two of tiny's
            make_result(3, ranking(BM25, [0, 1, 2]), ranking(TINY, [0, 2, 1]), ranking(SMALL, [1, 0, 2])),
            "3 rankers ranked 3 passages; BM25 and Tiny agree most (τ 0.33), Tiny and Small least (τ −0.33). "
            "Most contested is “passage 2”: rank 1 for Small, 3 for Tiny.",
        ),
        (
            make_result(12, ranking(BM25, TWELVE), ranking(TINY, [*TWELVE[2:], 0, 1])),
            # the first two turn with ten others: (46 − 20) / 66; tiny's top 10 is 3…12
            "2 rankers ranked 12 passages; BM25 and Tiny agree with τ 0.39: weak. 8 passages are in every ranker's "
            "top 10; most contested is “passage 1”: rank 1 for BM25, 11 for Tiny.",
        ),
    ],
)
def test_summaries(result: Result, en: str) -> None:
    said = summary(result)
    assert str(said) == en
    assert said.to("zh").endswith("。")


def test_summary_in_chinese() -> None:
    result = make_result(12, ranking(BM25, TWELVE), LOST, ranking(TINY, [*TWELVE[2:], 0, 1]))
    assert summary(result).to("zh") == (
        "2 个排序器对 12 个段落排了序；Lost 失败；BM25 与 Tiny 的一致性 τ 为 0.39：弱。"
        "8 个段落同时进入所有排序器的前 10 名；分歧最大的是“passage 1”：BM25 排第 1，Tiny 排第 11。"
    )


def test_a_fusion_is_not_said_to_agree_with_its_members() -> None:
    result = make_result(3, ranking(BM25, [0, 1, 2]), ranking(TINY, [2, 1, 0]))
    fusion = Fusion("rrf", (FakeRanker("bm25", label="BM25"), FakeRanker("tiny")))
    fused = with_fusion(result, fusion)
    assert "3 rankers ranked 3 passages; BM25 and Tiny agree with τ −1.00: reversed; fusions aside" in str(
        summary(fused)
    )
    assert "fusions aside" not in str(summary(result))
    alone = replace(fused, columns=fused.columns[1:])  # RRF: 1/61 + 1/63 twice, 2/62: a tie and one of two turned
    assert "Tiny and RRF (BM25 + Tiny) agree with τ 0.00" in str(summary(alone))


@pytest.mark.parametrize(
    ("k", "words"), [(1, "no passage is in every ranker's top 1"), (3, "1 passage is in every ranker's top 3")]
)
def test_the_cutoff_is_said(k: int, words: str) -> None:
    result = make_result(12, ranking(BM25, TWELVE), ranking(TINY, [*TWELVE[2:], 0, 1]))
    assert words in str(summary(result, k)).lower()


def test_a_long_and_foreign_passage_is_named_shortly() -> None:
    result = make_result(3, ranking(TINY, [0, 1, 2]), texts={"d1": "重排" * 100})
    assert "…”" in str(summary(result))
    assert len(str(summary(result))) < 100


def test_who_did_not_find_a_passage_is_not_said_to_place_it() -> None:
    # BM25 finds the first two of six; Tiny has them last, Small agrees with it except for those that BM25 lacks
    result = make_result(
        6,
        ranking(BM25, range(6), unfound=[2, 3, 4, 5]),
        ranking(TINY, [5, 4, 3, 2, 1, 0]),
        ranking(SMALL, [2, 3, 4, 5, 1, 0]),
    )
    assert "“passage 1”: rank 1 for BM25, 6 for Tiny" in str(summary(result))
