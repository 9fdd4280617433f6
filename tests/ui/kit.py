"""Tabs over fake models, and what they show after a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fakes import FakeSource

from demo.judgments import Judgments
from demo.service import RankingService
from demo.settings import Settings
from demo.ui.compare.handlers import CompareOptions, CompareTab
from demo.ui.evaluate.handlers import EvaluateTab, evaluation_view_of
from demo.ui.evaluate.session import Evaluated, EvaluateForm, EvaluateOptions
from demo.ui.inputs.handlers import COLLECTION, InputsPane
from demo.ui.rerank.handlers import RerankTab
from demo.ui.sections import View
from demo.ui.session import ShownResult

HOSTILE = "</script><script>alert(1)</script> <img src=x onerror=alert(2)> & “柏林” has people"


RANKERS = ["bm25", "bundled/tiny", "hub/big"]


FORM = EvaluateForm(
    source=COLLECTION,
    collection="cities",
    uploaded=None,
    candidates="",
    run=None,
    depth=10,
    rankers=("bm25", "tiny"),
    preset="",
    measures=("ndcg@10", "mrr@10"),
    relevant_from=1,
    queries=5,
)


def shown_of(tab: RerankTab, texts: str = f"{HOSTILE}\nAnother line.\nThird.") -> ShownResult:
    form = replace(tab.pane.default_form(), query=HOSTILE, source="paste", pasted=texts)
    *_, view = tab.run(form, tab.reranker("bundled/tiny"), Judgments(), "raw", "en")
    assert view.kept is not None, view.status
    return view.kept


def compare_views(
    tab: CompareTab, rankers: list[str] | None = None, options: CompareOptions = CompareOptions()
) -> list[View[ShownResult]]:
    form = tab.pane.default_form()
    return list(tab.run(form, RANKERS if rankers is None else rankers, options, Judgments(), "en"))


def compared_of(tab: CompareTab, rankers: list[str] | None = None) -> ShownResult:
    last = compare_views(tab, rankers)[-1]
    assert last.kept is not None, last.status
    return last.kept


def tab_with(source: FakeSource | None = None, settings: Settings = Settings()) -> EvaluateTab:
    service = RankingService(settings, models=source or FakeSource(), recordings=None)
    return EvaluateTab(InputsPane(settings, service))


def last_of(views: Iterator[View[Evaluated]]) -> View[Evaluated]:
    *_, view = views
    return view


def finished(tab: EvaluateTab, **parts: Any) -> tuple[View[Evaluated], Evaluated, EvaluateOptions]:
    view = last_of(tab.run(replace(FORM, **parts), EvaluateOptions(), "en"))
    assert view.kept is not None, view.status
    return view, view.kept, seen(view.kept, EvaluateOptions())


def seen(evaluated: Evaluated, options: EvaluateOptions) -> EvaluateOptions:
    """What is looked at in fact."""
    view = evaluation_view_of(evaluated, options)
    measure = view.chosen.key if view.chosen else ""
    return EvaluateOptions(measure, view.evaluation.baseline, view.key, view.unjudged_too, threshold=options.threshold)


def unfold(page: Any) -> None:
    """Opens every section and menu that is there."""
    page.eval_on_selector_all("[aria-expanded=false]:is(.fold, .opener)", "all => all.forEach(each => each.click())")


def accessibility_problems(page: Any, context: str, contrast_alone: bool = False) -> list[tuple[str, str]]:
    """What axe finds against WCAG 2 A and AA in these parts: rule and element; skips the test where axe is not there.

    Args:
        contrast_alone: for another colour scheme of what was looked at already; contrast is all that it changes.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    rules = {"type": "rule", "values": ["color-contrast"]} if contrast_alone else ["wcag2a", "wcag2aa"]
    found = axe.Axe().run(page, context=context, options={"runOnly": rules})
    return [(one["id"], one["nodes"][0]["html"][:160]) for one in found.response["violations"]]
