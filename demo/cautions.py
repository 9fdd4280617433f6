"""What a person should know before trusting a comparison, each with what can be done about it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import islice

import numpy as np

from demo.language import Text
from demo.metrics.agreement import all_tied
from demo.records import ModelSpec, Passage, Ranking, ScoreKind

LETTERS_LOOKED_AT = 4_000
FOREIGN_SHARE = 0.3


def not_all_taken(taken: int, total: int, allowed: int) -> list[Text]:
    """Says that only the first stage's best `taken` of `total` passages went to the reranker; `allowed` is the most."""
    if taken >= total:
        return []
    remedy = Text("Raise “Passages to rerank” to take more.", "可调高“重排的段落数”。")
    if taken >= allowed:
        remedy = Text(
            f"{allowed} is the most that this machine reranks at once (setting max_candidates).",
            f"本机一次最多重排 {allowed} 个（设置 max_candidates）。",
        )
    return [
        Text(
            f"The first stage passed on its best {taken} of {total} passages; the others were not reranked. "
            f"{remedy.en}",
            f"第一阶段只把 {total} 个段落中最好的 {taken} 个交给重排，其余未参与。{remedy.zh}",
        )
    ]


def nothing_matched(first: Ranking) -> list[Text]:
    """Says that BM25 found no word of the query anywhere, so that its order is only the order of the list."""
    if first.ranker.kind is not ScoreKind.BM25 or first.scores.size == 0 or np.any(first.scores != 0):
        return []
    return [
        Text(
            "No passage contains a word of the query, so BM25 gave all of them 0 and its order is the order of the "
            "list. Try other words, or keep stop words.",
            "没有段落包含查询中的词，BM25 给所有段落都打了 0 分，其顺序只是列表原有的顺序。"
            "请换用其他词，或保留停用词。",
        )
    ]


def told_nothing_apart(after: Ranking) -> list[Text]:
    """Says that the reranker told no passage from another."""
    size = after.scores.size
    if size < 2 or not all_tied(after):
        return []
    return [
        Text(
            f"{after.ranker.label} gave all {size} passages the same score, so the order is still the first stage's. "
            "Try another query or another model.",
            f"{after.ranker.label} 给全部 {size} 个段落打了相同的分，因此仍是第一阶段的顺序。请换一个查询或模型。",
        )
    ]


def not_read_to_the_end(after: Ranking) -> list[Text]:
    """Says how many passages were longer than the model reads."""
    cut = sum(extent.truncated for extent in after.extents)
    if not cut:
        return []
    total = after.scores.size
    return [
        Text(
            f"{cut} of {total} passages {'was' if cut == 1 else 'were'} longer than {after.ranker.label} reads, and "
            "their ends did not count. Turn on “Score long passages in overlapping windows” to have them read to the "
            "end.",
            f"{total} 个段落中有 {cut} 个超出 {after.ranker.label} 的读取长度，结尾部分未计入得分。"
            "可开启“长段落分重叠窗口打分”以读完全文。",
        )
    ]


def slower_than_exact(after: Ranking) -> list[Text]:
    """Says that the processor lacks instructions for the precision that was chosen to save time."""
    if not after.cost.emulated:
        return []
    precision = after.cost.precision
    return [
        Text(
            f"This processor has no instructions for {precision}, so {after.ranker.label} took longer than in fp32, "
            "which is exact. Choose fp32.",
            f"本机处理器没有 {precision} 指令，{after.ranker.label} 用它比用精确的 fp32 更慢。请选择 fp32。",
        )
    ]


def unknown_script(query: str, passages: Sequence[Passage], spec: ModelSpec) -> list[Text]:
    """Says that a model for English was given text that is largely not in Latin letters."""
    if spec.language != "English":
        return []
    texts = (query, *(passage.content[:400] for passage in passages))
    letters = list(islice((each for text in texts for each in text if each.isalpha()), LETTERS_LOOKED_AT))
    foreign = sum(not unicodedata.name(each, "").startswith(("LATIN", "FULLWIDTH LATIN")) for each in letters)
    if foreign <= FOREIGN_SHARE * len(letters):
        return []
    return [
        Text(
            f"{spec.label} was trained on English, and much of this text is written in another script: its scores may "
            "mean little here. Choose a multilingual model.",
            f"{spec.label} 是用英文训练的，而这里的文字大多不是拉丁字母，得分可能没有意义。请选择多语言模型。",
        )
    ]
