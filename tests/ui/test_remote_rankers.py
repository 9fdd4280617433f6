"""A remote reranker on the page and on the command line: menus, Rerank, Compare, links, figures, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from fakes import FakeSource, service_with
from rerank_servers import Fault, RerankServer, serving

from demo.errors import InputError
from demo.evaluate.__main__ import main
from demo.judgments import Judgments
from demo.settings import Settings
from demo.ui.api import Endpoints
from demo.ui.compare.handlers import CompareOptions, CompareTab
from demo.ui.inputs.handlers import InputsPane
from demo.ui.links import read
from demo.ui.rankers import ranker_choices, reranker_choices
from demo.ui.rerank.handlers import RerankTab
from demo.ui.sections import View
from demo.ui.session import ShownResult

FAR = "remote(far)"


@dataclass(frozen=True)
class Far:
    server: RerankServer
    pane: InputsPane


@pytest.fixture
def far() -> Iterator[Far]:
    with serving("cohere") as server:
        settings = Settings(remotes=server.toml(label="Far Reranker", usd_per_call=0.002))
        yield Far(server, InputsPane(settings, service_with(FakeSource(), settings)))


def reranked(far: Far) -> View[ShownResult]:
    tab = RerankTab(far.pane)
    *_, view = tab.run(far.pane.default_form(), tab.reranker(FAR), Judgments(), "raw", "en")
    return view


def test_menus_offer_it_and_say_where_it_is(far: Far) -> None:
    for language, where in (("en", "on another server"), ("zh", "在另一台服务器上")):
        entry = (f"Far Reranker · {where}", FAR)
        assert entry in reranker_choices(far.pane.service, language)
        assert entry in ranker_choices(far.pane.service, False, language)


def test_rerank_shows_its_scores_and_its_price(far: Far) -> None:
    view = reranked(far)
    assert view.kept is not None, view.status
    assert [ranking.ranker.label for ranking in view.kept.rankings] == ["BM25", "Far Reranker"]
    found = RerankTab(far.pane).as_json(view.kept.result)
    assert (found["model"], found["score_kinds"]["score"]) == (FAR, "probability")
    assert found["timings"]["model"]["usd"] == pytest.approx(0.002)
    assert "0.0020 USD" in str(view.drawn["cost"])
    assert "Cohere" in str(view.drawn["cost"])


def test_options_that_it_has_not_are_refused(far: Far) -> None:
    service = far.pane.service
    for options in ({"windows": True}, {"max_tokens": 9}, {"precision": "bf16"}, {"instruction": "Find"}):
        with pytest.raises(InputError, match=r"^Far Reranker is asked as it is"):
            service.reranker(FAR, **options)  # type: ignore[arg-type]


def test_a_failure_is_told_and_the_page_goes_on(far: Far) -> None:
    far.server.faults += [Fault(500, {"message": "overheated"}), None]
    assert "Far Reranker gave no scores: it answered with status 500, “overheated”." in str(reranked(far).status)
    assert reranked(far).kept is not None


def test_compare_takes_it_and_fusions_of_it(far: Far) -> None:
    tab = CompareTab(far.pane)
    assert tab.added(["bm25"], FAR, "fp32", 0, False) == ["bm25", FAR]
    rankers = ["bm25", FAR, f"min-max(bm25+{FAR})"]
    *_, view = tab.run(far.pane.default_form(), rankers, CompareOptions(), Judgments(), "en")
    assert view.kept is not None, view.status
    assert [ranking.ranker.key for ranking in view.kept.rankings] == rankers
    assert len(far.server.asked) == 1  # its scores are kept for the fusion
    assert "0.0020 USD" in str(view.drawn["speeds"])


def test_a_fusion_costs_what_its_members_are_billed(far: Far) -> None:
    form, fused = replace(far.pane.default_form(), query="Which city is large?"), f"rrf(bm25+{FAR})"
    *_, view = CompareTab(far.pane).run(form, ["bm25", fused], CompareOptions(), Judgments(), "en")
    assert view.kept is not None, view.status
    assert [ranking.cost.usd for ranking in view.kept.rankings] == [0, pytest.approx(0.002)]
    assert "0.0020 USD" in str(view.drawn["speeds"])
    *_, view = CompareTab(far.pane).run(form, [fused], CompareOptions(), Judgments(), "en")
    assert view.kept is not None, view.status
    assert [ranking.cost.usd for ranking in view.kept.rankings] == [0]  # all was known


def test_a_link_names_it(far: Far) -> None:
    tab = RerankTab(far.pane)
    text = tab.link(replace(far.pane.default_form(), query="Berlin"), tab.reranker(FAR))["text"]
    opened = read(dict(parse_qsl(text)), far.pane)
    assert opened is not None
    assert str(opened.reranker) == FAR


def test_the_endpoint_measures_those_that_do_not_fail(far: Far) -> None:
    endpoints, hot = Endpoints(far.pane.settings, far.pane.service), Fault(500, {"message": "overheated"})

    def figures(*rankers: str, baseline: str = "") -> dict[str, Any]:
        work = endpoints.evaluate("health", list(rankers), depth=5, queries=2, baseline=baseline)
        return work.answer(work.steps.run())

    far.server.faults.append(hot)
    found = figures(FAR, "bundled/tiny")
    assert [ranker["key"] for ranker in found["rankers"]] == ["bm25", "bundled/tiny"]
    reason = "Far Reranker gave no scores: it answered with status 500, “overheated”."
    assert found["failures"] == [{"key": FAR, "failure": reason}]
    for rankers, baseline in (([FAR], ""), ([FAR, "bundled/tiny"], FAR)):
        far.server.faults.append(hot)
        with pytest.raises(InputError, match="overheated"):
            figures(*rankers, baseline=baseline)
    assert not figures(FAR)["failures"]


@pytest.mark.parametrize("fused_first", [False, True])
def test_a_price_is_the_same_whoever_asked_first(far: Far, fused_first: bool) -> None:
    endpoints, rankers = Endpoints(far.pane.settings, far.pane.service), [FAR, f"rrf(bm25+{FAR})"]
    for asked in (rankers[::-1] if fused_first else rankers, rankers[1:]):
        work = endpoints.evaluate("cities", asked)
        speeds = {ranker["key"]: ranker["speed"] for ranker in work.answer(work.steps.run())["rankers"]}
        assert [speeds[key]["usd_per_query"] for key in asked] == [pytest.approx(0.002)] * len(asked)
    assert len(far.server.asked) == 1


def test_the_command_line_evaluates_it(far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RERANK_LENS_REMOTES", far.server.toml(usd_per_call=0.002))
    command = ["--collection", "cities", "--rankers", f"bm25,{FAR}", "--queries", "2", "--depth", "5", "--out"]
    main([*command, str(tmp_path)])
    figures = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert [ranker["key"] for ranker in figures["rankers"]] == ["bm25", FAR]
    asked = len(far.server.asked)
    assert asked == 2
    assert [ranker["speed"]["usd_per_query"] for ranker in figures["rankers"]] == [0, pytest.approx(0.002)]
    main([*command, str(tmp_path)])  # what was scored is on disk
    assert len(far.server.asked) == asked
