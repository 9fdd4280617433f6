"""Uploaded runs as rankers of Compare: columns beside models, candidates of their own, and what does not fit."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeSource, service_with

from demo.errors import InputError
from demo.formats.trec_runs import Run
from demo.judgments import Judgments
from demo.settings import Settings
from demo.ui.compare.handlers import CompareOptions, CompareTab, WhatIfForm, run_rankers
from demo.ui.inputs.handlers import InputsPane
from demo.ui.session import ShownResult

LUCENE = Run("lucene", {"q1": ("d4", "d3")}, {"q1": (2.0, 1.0)})
SPLADE = Run("splade", {"q1": ("d2", "d9", "d3")}, {"q1": (3.0, 2.5, 1.0)})
OTHER = Run("other", {"q7": ("d1",)}, {"q7": (1.0,)})
FOREIGN = Run("foreign", {"q1": ("x1", "x2")}, {"q1": (2.0, 1.0)})
RUNS = {"lucene.run": LUCENE, "splade.run": SPLADE, "other.run": OTHER, "foreign.run": FOREIGN}


@pytest.fixture
def tab() -> CompareTab:
    return CompareTab(InputsPane(Settings(), service_with(FakeSource())))


def compared(tab: CompareTab, rankers: list[str], **form: object) -> ShownResult:
    asked = replace(tab.pane.default_form(), **form)  # type: ignore[arg-type]
    *_, view = tab.run(asked, rankers, CompareOptions(), Judgments(), "en", RUNS)
    assert view.kept is not None, view.status
    return view.kept


def ranks(shown: ShownResult, key: str) -> dict[str, int]:
    ranking = next(each for each in shown.result.rankings if each.ranker.key == key)
    found = ((each.doc_id, at) for at, each in enumerate(shown.candidates) if ranking.found[at])
    return {doc_id: int(ranking.ranks[at]) for doc_id, at in found}


def reasons(shown: ShownResult) -> list[str]:
    return [str(failure.reason) for failure in shown.result.failures]


def test_runs_stand_beside_models_and_lack_what_they_did_not_find(tab: CompareTab) -> None:
    shown = compared(tab, ["bm25", "bundled/tiny", "run:lucene.run", "run:splade.run"])
    assert [column.ranker.label for column in shown.result.columns] == ["BM25", "Tiny", "lucene.run", "splade.run"]
    assert ranks(shown, "run:lucene.run") == {"d4": 1, "d3": 2}
    assert ranks(shown, "run:splade.run") == {"d2": 1, "d3": 2}
    assert any("1 of 3 passages that the run “splade.run” has" in str(each) for each in shown.result.warnings)


def test_the_passages_of_a_run_are_candidates_too(tab: CompareTab) -> None:
    alone = compared(tab, ["bm25"], depth=1)
    assert [each.doc_id for each in alone.candidates] == ["d3"]
    shown = compared(tab, ["bm25", "run:lucene.run"], depth=1)
    # the first stage's best one, and the run's best one, which BM25 does not find
    assert [each.doc_id for each in shown.candidates] == ["d3", "d4"]
    assert any("only because a run has" in str(each) for each in shown.result.warnings)
    assert ranks(shown, "bm25") == {"d3": 1}


def test_who_enters_and_who_leaves_is_told(tab: CompareTab) -> None:
    shown = compared(tab, ["bm25", "run:lucene.run"])
    page = str(tab.draw(shown, CompareOptions(reference="bm25"), Judgments(), "en")["exchanges"])
    assert "1 in both lists, 1 only in lucene.run, 2 only in BM25" in page
    assert re.findall(r"data-i=\"\d+\"[^>]*>([^<]*)</button> <span class=\"soft\">([^<]*)<", page) == [
        ("Cork is a bark.", "not in the list of BM25"),
        ("Berlin is a town in New Hampshire, and Berlin…", "not in the list of lucene.run"),
        ("The capital of Germany has 3.7 million…", "not in the list of lucene.run"),
    ]


def test_a_run_of_other_queries_or_passages_says_so_in_its_place(tab: CompareTab) -> None:
    shown = compared(tab, ["bm25", "run:other.run", "run:foreign.run"])
    assert [ranking.ranker.key for ranking in shown.result.rankings] == ["bm25"]
    assert reasons(shown) == [
        "The run “other.run” has no results for the query “q1”; it has 1 query, named like “q7”. Choose a query that "
        "it has, or a run of this query.",
        "None of the 2 passages that the run “foreign.run” has for this query is in the collection: they are named "
        "like “x1”, its passages like “d1”. Give a run over the same passages.",
    ]


def test_a_query_without_an_id_has_no_run(tab: CompareTab) -> None:
    (reason,) = reasons(compared(tab, ["bm25", "run:lucene.run"], query="something else"))
    assert "this query has none" in reason


def test_runs_alone_can_be_compared(tab: CompareTab) -> None:
    shown = compared(tab, ["run:lucene.run", "run:splade.run"])
    assert [ranking.ranker.label for ranking in shown.result.rankings] == ["lucene.run", "splade.run"]


def test_an_edited_passage_leaves_a_run_as_it_is(tab: CompareTab) -> None:
    shown = compared(tab, ["bm25", "run:lucene.run"])
    index = next(at for at, each in enumerate(shown.candidates) if each.doc_id == "d3")
    *_, view = tab.rank_edit(shown, WhatIfForm(shown.query.text, index, "Lakes."), CompareOptions(), "en")
    assert "lucene.run" in str(view.drawn["what-if"])


def test_runs_fuse_with_models(tab: CompareTab) -> None:
    shown = compared(tab, ["bundled/tiny", "run:lucene.run"])
    fused = tab.columns(shown, shown.result, CompareOptions(fusion="rrf")).rankings[-1]
    assert fused.ranker.key == "rrf(bundled/tiny+run:lucene.run)"


def test_links_and_programs_cannot_hold_a_run(tab: CompareTab) -> None:
    with pytest.raises(InputError, match="do not fit into a link"):
        tab.link(tab.pane.default_form(), ["bm25", "run:lucene.run"])
    shown = compared(tab, ["bm25", "run:lucene.run"])
    with pytest.raises(InputError, match="cannot ask for a run file again"):
        tab.code(shown)


def test_a_name_of_a_run_that_is_not_there_is_an_error(tab: CompareTab) -> None:
    shown = compared(tab, ["bm25", "run:gone.run"])
    assert len(shown.result.failures) == 1
    assert set(run_rankers(RUNS)) == {f"run:{name}" for name in RUNS}


def test_files_are_read_as_runs_and_bad_ones_are_told(tab: CompareTab, tmp_path: Path) -> None:
    good, bad = tmp_path / "a.run", tmp_path / "b.txt"
    good.write_text("q1 Q0 d4 1 2.0 x\n", encoding="utf-8")
    bad.write_text("only words here\n", encoding="utf-8")
    read = tab.pane.read_runs([str(good)], {})
    assert read.found is not None
    assert read.found.runs["a.run"].rankings == {"q1": ("d4",)}
    assert "a.run: 1 result for 1 query" in read.note("en")
    assert "Results of a run" in read.note("en")
    assert tab.pane.read_runs([str(good), str(bad)], {}).is_error
    assert tab.pane.read_runs([], {}).found is None
