"""Does reranking pay? The answer in plain words, and what makes it doubtful; without judgments, what it changes."""

from __future__ import annotations

from collections.abc import Sequence

from demo.evaluation.figures import SIGNIFICANT, Evaluation, PairedTest, describe_p
from demo.language import Text
from demo.metrics.effectiveness import Measure, parse_measure
from demo.metrics.significance import describe_effect
from demo.phrases import seconds, signed
from demo.records import Ranker

JUDGED_AT_10 = parse_measure("judged@10")
FEW_QUERIES = 25
LITTLE_JUDGED = 0.5
UNLIKE_JUDGED = 0.1
"""A difference of Judged@10 that can by itself make a difference of quality."""


def best_of(evaluation: Evaluation, measure: Measure | None) -> Ranker | None:
    """The ranker with the highest mean other than the baseline, the first of equals; None where there is no other.

    Args:
        measure: None where nothing is judged: then the first.
    """
    others = [ranker for ranker in evaluation.rankers if ranker.key != evaluation.baseline]
    if measure is None:
        return next(iter(others), None)
    return max(others, key=lambda ranker: evaluation.figures[ranker.key, measure].mean, default=None)


def what_changes(evaluation: Evaluation, ranker: Ranker) -> Text:
    """How much the ranker changes of the baseline's order, where nothing tells which is better."""
    baseline = next(each for each in evaluation.rankers if each.key == evaluation.baseline)
    changes = evaluation.changes.get(ranker.key)
    if changes is None and evaluation.changes:
        return Text(
            f"{ranker.label} is the baseline, which others are held against. Choose another ranker to look at.",
            f"{ranker.label} 是其他排序器与之比较的基线。请选择查看另一个排序器。",
        )
    if changes is None:
        return Text(
            f"{baseline.label} ranked {_queries(evaluation)}. There is no other ranker to hold against it.",
            f"{baseline.label} 对 {len(evaluation.query_ids):,} 个查询完成了排序。没有其他排序器可与之比较。",
        )
    new = Text("", "")
    if not changes.fits:
        new = Text(
            f", and on average {changes.new:.1f} of its first ten are not among {baseline.label}'s",
            f"，其前十名中平均有 {changes.new:.1f} 个不在 {baseline.label} 的前十名中",
        )
    return Text(
        f"{ranker.label} puts another passage first than {baseline.label} on {changes.other_first:,} of "
        f"{_queries(evaluation)}{new.en}. Nothing is judged, so this says how much changes, not which is better.",
        f"在 {len(evaluation.query_ids):,} 个查询中，{ranker.label} 有 {changes.other_first:,} 个的首位段落与 "
        f"{baseline.label} 不同{new.zh}。没有相关性判断，因此这只说明变化有多大，不说明孰优孰劣。",
    )


def verdict(evaluation: Evaluation, measure: Measure) -> Text:
    """Whether the best ranker is better than the baseline: by how much, surely or by chance, where, at what cost."""
    baseline = next(ranker for ranker in evaluation.rankers if ranker.key == evaluation.baseline)
    best = best_of(evaluation, measure)
    before = evaluation.figures[baseline.key, measure].mean
    if best is None:
        return Text(
            f"{baseline.label} has {measure.name} {before:.3f} on {_queries(evaluation)}. There is no other ranker to "
            "hold against it.",
            f"{baseline.label} 在 {len(evaluation.query_ids):,} 个查询上的 {measure.name} 为 {before:.3f}。"
            "没有其他排序器可与之比较。",
        )
    figure = evaluation.figures[best.key, measure]
    assert figure.test is not None, "every ranker but the baseline is tested"
    answer, sureness = _answer(figure.test), _sureness(figure.test)
    values = f"{before:.3f} → {figure.mean:.3f} ({signed(figure.test.difference, 3, plus=True)})"
    counts = _counts(figure.test)
    cost = _cost(evaluation, best)
    return Text(
        f"{answer.en} {best.label} against {baseline.label}: {measure.name} {values}. {sureness.en} "
        f"{counts.en}{cost.en}",
        f"{answer.zh}{best.label} 与 {baseline.label} 相比：{measure.name} {values}。{sureness.zh}{counts.zh}{cost.zh}",
    )


def _queries(evaluation: Evaluation) -> str:
    count = len(evaluation.query_ids)
    return "1 query" if count == 1 else f"{count:,} queries"


def _answer(test: PairedTest) -> Text:
    if test.significant:
        return (
            Text("It pays.", "值得。") if test.difference > 0 else Text("It makes the ranking worse.", "排序反而变差。")
        )
    if test.difference == 0:
        return Text("It changes nothing.", "没有变化。")
    if test.least_p >= SIGNIFICANT:
        return Text("Too few queries differ to tell.", "有差异的查询太少，无法判断。")
    return Text("No sure gain.", "没有确定的增益。") if test.difference > 0 else Text("No gain.", "没有增益。")


def _sureness(test: PairedTest) -> Text:
    word, p = describe_effect(test.effect), describe_p(test.corrected_p)
    if test.significant:
        effect = Text("", "") if test.effect is None else Text(f", a {word.en} effect", f"，效应{word.zh}")
        return Text(f"That is hardly chance ({p}{effect.en}).", f"这不太可能是偶然（{p}{effect.zh}）。")
    return Text(f"That could be chance ({p}).", f"这可能只是偶然（{p}）。")


def _counts(test: PairedTest) -> Text:
    total = test.better + test.worse + test.equal
    queries = "query" if total == 1 else "queries"
    return Text(
        f"Better on {test.better:,} of {total:,} {queries}, worse on {test.worse:,}, equal on {test.equal:,}.",
        f"{total:,} 个查询中 {test.better:,} 个更好，{test.worse:,} 个更差，{test.equal:,} 个相同。",
    )


def _cost(evaluation: Evaluation, ranker: Ranker) -> Text:
    speed = evaluation.speeds[ranker.key]
    if speed.seconds_per_query is None:
        return Text("", "")
    time, where = seconds(speed.seconds_per_query), f" ({speed.device})" if speed.device else ""
    return Text(f" It takes {time} a query{where}.", f"每个查询耗时 {time}{where}。")


# ---- what makes it doubtful --------------------------------------------------------------------------------------


def cautions(evaluation: Evaluation) -> tuple[Text, ...]:
    """What the person should know before trusting the figures, each a sentence without a full stop."""
    return (*evaluation.notes, *_few_queries(evaluation), *_judged(evaluation), *_truncated(evaluation))


def _few_queries(evaluation: Evaluation) -> Sequence[Text]:
    count = len(evaluation.query_ids)
    if count >= FEW_QUERIES or not evaluation.measures:
        return ()
    are = "is" if count == 1 else "are"
    return (
        Text(
            f"{_queries(evaluation)} {are} few: only large differences can be told from chance",
            f"只有 {count} 个查询：只有很大的差异才能与偶然区分",
        ),
    )


def _judged(evaluation: Evaluation) -> Sequence[Text]:
    """Where too little is judged, or not alike for all."""
    if JUDGED_AT_10 not in evaluation.measures:
        return ()
    shares = {ranker.label: evaluation.figures[ranker.key, JUDGED_AT_10].mean for ranker in evaluation.rankers}
    low, high = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
    if shares[high] - shares[low] >= UNLIKE_JUDGED:
        return (
            Text(
                f"Judged@10 is {shares[low]:.2f} for {low} and {shares[high]:.2f} for {high}: what nobody judged gains "
                "nothing, so the comparison favours the second",
                f"Judged@10：{low} 为 {shares[low]:.2f}，{high} 为 {shares[high]:.2f}：无人判断的段落不计增益，"
                "因此比较偏向后者",
            ),
        )
    if shares[low] < LITTLE_JUDGED:
        return (
            Text(
                f"Little is judged (Judged@10 from {shares[low]:.2f}): what nobody judged gains nothing, however good",
                f"判断很少（Judged@10 最低为 {shares[low]:.2f}）：无人判断的段落再好也不计增益",
            ),
        )
    return ()


def _truncated(evaluation: Evaluation) -> Sequence[Text]:
    return [
        Text(
            f"{ranker.label} did not read {speed.truncated:,} of {speed.pairs:,} passages to their end",
            f"{ranker.label} 有 {speed.truncated:,}/{speed.pairs:,} 个段落未读到末尾",
        )
        for ranker in evaluation.rankers
        for speed in [evaluation.speeds[ranker.key]]
        if speed.truncated
    ]
