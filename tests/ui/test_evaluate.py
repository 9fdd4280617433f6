"""What the Evaluate tab does, as plain functions: forms in, views out, errors as sentences."""

from __future__ import annotations

import io
import json
import re
import zipfile
from base64 import b64decode
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeRanker, FakeSource
from kit import FORM, finished, last_of, seen, tab_with

from demo.charts.evaluation import EVALUATION_CHARTS
from demo.errors import InputError
from demo.evaluation import evaluate
from demo.evaluation.protocol import run_queries, set_up
from demo.formats.judged import Judged
from demo.formats.source import Limits, Source
from demo.formats.trec_runs import read_run
from demo.judgments import Judgments
from demo.messages import Message
from demo.records import Passage, Query
from demo.ui import wording as w
from demo.ui.evaluate.handlers import CUT, FILES, JUDGED_FILES, MEASURE, ORDER, EvaluateTab, whole
from demo.ui.evaluate.inputs import EvaluateInputs
from demo.ui.evaluate.results import EvaluateOptionInputs
from demo.ui.evaluate.session import BY_AGREEMENT, RUN, Evaluated, EvaluateForm, EvaluateOptions
from demo.ui.inputs.handlers import UPLOAD
from demo.ui.parts import ChartView
from demo.ui.progress import TimeLeft, duration
from demo.ui.sections import View

PASSAGES = ["Berlin has 3.5 million people.", "Museums of Berlin <b>&</b>", "柏林是首都。", "Nothing of the kind."]


@pytest.fixture
def tab() -> EvaluateTab:
    return tab_with()


def alert(tab: EvaluateTab, **parts: Any) -> str:
    view = last_of(tab.run(replace(FORM, **parts), EvaluateOptions(), "en"))
    assert view.status is not None
    assert 'role="alert"' in view.status
    assert view.kept is None
    return view.status


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A judged collection in BEIR's layout, zipped."""
    path = tmp_path / "towns.zip"
    corpus = [json.dumps({"_id": f"d{n}", "text": text}, ensure_ascii=False) for n, text in enumerate(PASSAGES, 1)]
    queries = [json.dumps({"_id": "q1", "text": "people of Berlin"}), json.dumps({"_id": "q2", "text": "museums <i>"})]
    with zipfile.ZipFile(path, "w") as beir:
        beir.writestr("towns/corpus.jsonl", "\n".join(corpus))
        beir.writestr("towns/queries.jsonl", "\n".join(queries))
        beir.writestr("towns/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n")
        beir.writestr("towns/qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq1\td2\t1\n")
    return path


def charts_of(view: View[Evaluated]) -> dict[str, ChartView]:
    """The charts that a view draws, by their keys."""
    return {key.removeprefix("evaluation-"): value for key, value in view.drawn.items() if isinstance(value, ChartView)}


# ---- names that must agree ---------------------------------------------------------------------------------------


def test_looks_are_read_from_components_of_the_same_names() -> None:
    assert [row.name for row in fields(EvaluateOptionInputs)] == [row.name for row in fields(EvaluateOptions)]
    assert EvaluateOptionInputs.read([None, "a", None, None, OWN, None, None, None, None, 2.5]) == EvaluateOptions(
        "", "a", "", False, OWN, threshold=2.5
    )
    assert EvaluateOptionInputs.read(
        [None, "a", None, None, OWN, True, "query:x", "=y", "agreement"]
    ) == EvaluateOptions("", "a", "", False, OWN, True, "query:x", "=y", BY_AGREEMENT)


def test_a_form_is_read_from_its_components_in_their_order() -> None:
    values = [getattr(FORM, row.name) for row in fields(EvaluateForm)]
    assert EvaluateInputs.read(values) == FORM
    empty = EvaluateInputs.read([None] * len(values))
    assert (empty.rankers, empty.measures) == ((), ())


def test_every_file_has_a_button() -> None:
    assert w.EVALUATE_FILES.keys() == FILES.keys()


# ---- a run -------------------------------------------------------------------------------------------------------


def test_runs_among_the_uploaded_files_are_rankers(tab: EvaluateTab, archive: Path, tmp_path: Path) -> None:
    paths = [archive]
    for name, first in (("one.run", "d1"), ("two.run", "d2")):
        path = tmp_path / name
        path.write_text(f"q1 Q0 {first} 1 2 my tag\nq2 Q0 {first} 1 2 my tag\n", encoding="utf-8")
        paths.append(path)
    understood = tab.read_upload(list(map(str, paths)), "towns.zip/towns/qrels/test.tsv", {})
    judged = understood.found
    assert judged is not None, understood.sentence
    assert "each of them a ranker: one.run, two.run" in str(judged.reading.sentence())
    _, evaluated, options = finished(tab, source=UPLOAD, uploaded=judged, rankers=())
    assert evaluated.evaluation is not None
    assert [ranker.label for ranker in evaluated.evaluation.rankers] == ["one.run", "two.run"]
    assert evaluated.outcomes[0].doc_ids == ("d1", "d2")
    assert options.baseline == "run:one.run"


@pytest.fixture
def with_run(tab: EvaluateTab, archive: Path, tmp_path: Path) -> Judged:
    """The collection with a run that has two candidates for the first query and none for the second."""
    run = tmp_path / "own.run"
    run.write_text("q1 Q0 d4 1 9.5 x\nq1 Q0 d1 2 9.0 x\n", encoding="utf-8")
    judged = tab.read_upload([str(archive), str(run)], "towns.zip/towns/qrels/test.tsv", {}).found
    assert judged is not None
    return judged


def test_the_run_that_makes_the_candidates_is_the_baseline_whatever_was_evaluated_before(
    tab: EvaluateTab, with_run: Judged
) -> None:
    _, before, options = finished(tab)
    assert options.baseline == "bm25"
    form = replace(FORM, source=UPLOAD, uploaded=with_run)
    view = last_of(tab.run(form, options, "en", before))
    assert view.kept is not None
    assert view.kept.evaluation is not None
    assert view.kept.evaluation.baseline == "run:own.run"
    assert "against own.run" in str(view.drawn["headline"])
    chosen = tab.redraw(view.kept, replace(options, baseline="bm25"), 1, "en").kept
    again = last_of(tab.run(form, replace(options, baseline="bm25"), "en", chosen)).kept
    assert again is not None
    assert again.evaluation is not None
    assert again.evaluation.baseline == "bm25", "a person chose it"


def test_a_query_of_a_run_opens_with_the_candidates_of_the_run(tab: EvaluateTab, with_run: Judged) -> None:
    view, evaluated, _ = finished(tab, source=UPLOAD, uploaded=with_run)
    opened = tab.opened(evaluated, 0)
    assert (opened.first_stage, opened.depth, opened.source) == ("engine", 0, UPLOAD)
    assert [each.doc_id for each in opened.collection.passages] == ["d4", "d1"]
    assert opened.collection.engine_scores == {"d4": 9.5, "d1": 9.0}
    assert [each.query_id for each in opened.collection.queries] == ["q1"]
    assert opened.collection.qrels == {"q1": {"d1": 1}}
    assert str(opened.said) == "From the Evaluate tab: uploaded, the 2 candidates of this query from the run"
    without = tab.opened(evaluated, 1)
    assert (without.first_stage, len(without.collection.passages)) == ("bm25", 4)
    assert re.findall('data-query="(.)" data-differs="([^"]*)"', str(view.drawn["queries"])) == [
        ("1", "Other candidates than in the evaluation: here BM25 finds them among all passages.")
    ]


def test_candidates_that_rerank_cannot_have_are_said_to_differ(tab: EvaluateTab) -> None:
    view, evaluated, _ = finished(tab, candidates="judged")
    assert str(view.drawn["queries"]).count("Other candidates than in the evaluation: here BM25") == 5
    assert tab.opened(evaluated, 0).first_stage == "bm25"
    same, _, _ = finished(tab)
    assert "data-differs" not in str(same.drawn["queries"])


def test_one_depth_has_no_picture(tab: EvaluateTab) -> None:
    view, _, _ = finished(tab, depth=10)
    assert not charts_of(view)["depth"].shown
    view, _, _ = finished(tab, depth=20)
    assert charts_of(view)["depth"].shown


def test_what_makes_it_doubtful_is_said_in_sentences(tab: EvaluateTab) -> None:
    view, _, _ = finished(tab)
    said = re.findall("<li>([^<]*)</li>", str(view.drawn["headline"]))
    assert "5 queries are few: only large differences can be told from chance." in said
    assert all(each.endswith(".") for each in said)


def test_a_run_ends_with_every_part_of_the_page(tab: EvaluateTab) -> None:
    view, evaluated, options = finished(tab)
    assert view.status == ""
    assert (len(evaluated.done.outcomes), evaluated.done.total, evaluated.first) == (5, 5, "bm25")
    assert (options.measure, options.baseline, options.ranker) == ("ndcg@10", "bm25", "bundled/tiny")
    assert len(charts_of(view)) == len(EVALUATION_CHARTS)
    assert "5 queries are few" in str(view.drawn["headline"])
    assert str(view.drawn["queries"]).count("data-query=") == 5


def test_progress_is_told_while_queries_are_ranked(tab: EvaluateTab) -> None:
    views = list(tab.run(FORM, EvaluateOptions(), "en"))
    told = " ".join(view.status or "" for view in views)
    assert "Reading the collection" in told
    assert "Query 1 of 5" in told
    assert "Computing intervals and tests" in told
    assert any("so far, over 1 of 5 queries" in str(view.drawn.get("headline", "")) for view in views)
    assert not any(charts_of(view) for view in views[:-1])


def test_judged_at_10_always_stands_beside(tab: EvaluateTab) -> None:
    _, evaluated, _ = finished(tab)
    assert [measure.key for measure in evaluated.measures] == ["ndcg@10", "mrr@10", "judged@10"]


def test_the_first_stage_comes_along_where_it_was_not_chosen(tab: EvaluateTab) -> None:
    _, evaluated, options = finished(tab, rankers=("tiny",))
    assert evaluated.evaluation is not None
    assert [ranker.key for ranker in evaluated.evaluation.rankers] == ["bm25", "bundled/tiny"]
    assert options.baseline == "bm25"


def test_a_ranker_that_fails_says_why_in_its_place_and_the_rest_goes_on(tab: EvaluateTab) -> None:
    view, evaluated, _ = finished(tab, rankers=("bm25", "nobody/knows", "tiny"))
    assert [failure.ranker.key for failure in evaluated.done.failures] == ["nobody/knows"]
    assert "No model nobody/knows." in str(view.drawn["table"])
    assert "Tiny" in str(view.drawn["table"])


def test_when_every_ranker_fails_all_say_why() -> None:
    source = FakeSource(error=InputError("Weights are damaged."))
    told = alert(tab_with(source), rankers=("tiny", "nobody/knows"), candidates="judged")
    assert "Weights are damaged." in told
    assert "No model nobody/knows." in told


def test_judged_passages_as_candidates_have_no_depths(tab: EvaluateTab) -> None:
    view, evaluated, _ = finished(tab, candidates="judged")
    assert evaluated.first == ""
    assert "came without an order" in charts_of(view)["depth"].note


def test_a_preset_puts_its_measure_first(tab: EvaluateTab) -> None:
    view, evaluated, _ = finished(tab, preset="trec-dl-2019", measures=("mrr@10",))
    assert [measure.key for measure in evaluated.measures] == ["ndcg@10", "mrr@10", "judged@10"]
    assert "TREC Deep Learning 2019" in str(view.drawn["headline"])
    assert "published" not in str(view.drawn["table"])  # no ranker here is in the published table


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"source": UPLOAD}, "Upload passages and queries, better with judgments"),
        ({"source": UPLOAD, "uploaded": Message("The qrels are torn.")}, "The qrels are torn."),
        ({"candidates": RUN}, "Choose a run file first"),
        ({"candidates": RUN, "run": Message("The run is torn.")}, "The run is torn."),
        ({"rankers": ()}, "No ranker is named."),
        ({"measures": ("bleu",)}, "There is no measure “bleu”."),
        ({"measures": ()}, "No measure was named."),
        ({"depth": 0}, "“Candidates of each query, at most” is 0. Write a whole number, 1 to 1,000."),
        ({"depth": 5_000}, "is 5000. Write a whole number, 1 to 1,000."),
        ({"depth": None}, "is empty. Write a whole number"),
        ({"relevant_from": 0}, "“Lowest grade that counts as relevant” is 0."),
        ({"relevant_from": 2**31}, "is 2.14748e+09. Write a whole number, 1 to 100."),
        ({"queries": -1}, "is -1. Write a whole number, 0 or more."),
        ({"rankers": ("bm25[k9=1]",)}, "bm25 has no option “k9”"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(tab: EvaluateTab, parts: dict[str, Any], sentence: str) -> None:
    assert sentence in alert(tab, **parts)


# ---- stopped -----------------------------------------------------------------------------------------------------


def test_a_stop_keeps_the_baseline_of_no_earlier_evaluation(tab: EvaluateTab, with_run: Judged) -> None:
    *_, working, _ = tab.run(replace(FORM, source=UPLOAD, uploaded=with_run), EvaluateOptions(), "en")
    assert working.kept is not None
    view = tab.stopped(replace(working.kept, done=working.kept.done), EvaluateOptions(baseline="bm25"), 1, "en")
    assert view.kept is not None
    assert view.kept.evaluation is not None
    assert view.kept.evaluation.baseline == "run:own.run"


def test_what_was_done_before_a_stop_is_shown_and_said_to_be_a_part(tab: EvaluateTab) -> None:
    _, evaluated, _ = finished(tab)
    half = replace(evaluated, evaluation=None, done=replace(evaluated.done, outcomes=evaluated.done.outcomes[:2]))
    view = tab.stopped(half, EvaluateOptions(), 1, "en")
    assert "2 of 5 queries" in str(view.status)
    assert "2 of 5 queries: the work was stopped before the end" in str(view.drawn["headline"])
    assert view.kept is not None
    assert view.kept.evaluation is not None
    assert len(view.kept.evaluation.query_ids) == 2


def test_a_stop_before_the_first_query_or_after_the_end_shows_nothing_new(tab: EvaluateTab) -> None:
    _, evaluated, _ = finished(tab)
    for before in (None, evaluated, replace(evaluated, evaluation=None, done=replace(evaluated.done, outcomes=()))):
        view = tab.stopped(before, EvaluateOptions(), 1, "en")
        assert "Stopped before the first query" in str(view.status)
        assert view.kept is None


def test_closing_the_run_stops_scoring() -> None:
    source = FakeSource()
    steps = tab_with(source).run(FORM, EvaluateOptions(), "en")
    while "Query 1" not in (next(steps).status or ""):
        pass
    steps.close()  # type: ignore[attr-defined]
    assert len(source.model.scored) <= 10


# ---- drawn again -------------------------------------------------------------------------------------------------


def test_another_baseline_or_measure_scores_nothing() -> None:
    source = FakeSource()
    tab = tab_with(source)
    _, evaluated, options = finished(tab)
    scored = len(source.model.scored)
    view = tab.redraw(evaluated, replace(options, baseline="bundled/tiny", measure="mrr@10"), 1, "en")
    assert view.kept is not None
    assert view.kept.evaluation is not None
    assert view.kept.evaluation.baseline == "bundled/tiny"
    assert "MRR@10" in str(view.drawn["headline"])
    assert len(source.model.scored) == scored


def test_another_grade_measures_anew(tab: EvaluateTab) -> None:
    _, evaluated, options = finished(tab)
    view = tab.redraw(evaluated, options, 3, "en")
    assert view.kept is not None
    assert view.kept.evaluation is not None
    assert view.kept.evaluation.relevant_from == 3
    same = tab.redraw(view.kept, options, 3, "en")
    assert same.kept is not None
    assert same.kept.evaluation is view.kept.evaluation
    assert 'role="alert"' in str(tab.redraw(evaluated, options, 0, "en").status)


def test_a_look_at_what_is_not_there_takes_what_is(tab: EvaluateTab) -> None:
    _, evaluated, _ = finished(tab)
    view = tab.redraw(evaluated, EvaluateOptions("bleu", "gone", "gone"), 1, "en")
    assert view.kept is not None
    options = seen(view.kept, EvaluateOptions("bleu", "gone", "gone"))
    assert (options.measure, options.baseline, options.ranker) == ("ndcg@10", "bm25", "bundled/tiny")


def test_a_threshold_changes_only_what_depends_on_it(tab: EvaluateTab) -> None:
    _, evaluated, options = finished(tab)
    view = tab.again(evaluated, replace(options, threshold=-100.0), "en", CUT)
    assert "−100.00" in str(view.drawn["meaning"])
    assert view.drawn.keys() == {"meaning", "evaluation-threshold"}


def test_a_measure_leaves_scores_and_their_meaning_alone(tab: EvaluateTab) -> None:
    _, evaluated, options = finished(tab)
    view = tab.again(evaluated, replace(options, measure="mrr@10"), "en", MEASURE)
    assert "MRR@10" in str(view.drawn["headline"])
    assert [row.scores for row in EVALUATION_CHARTS if row.key in charts_of(view)] == [False, False, False]
    assert "meaning" not in view.drawn


def test_before_any_run_nothing_is_drawn(tab: EvaluateTab) -> None:
    for view in (
        tab.redraw(None, EvaluateOptions(), 1, "en"),
        tab.again(None, EvaluateOptions(), "en", MEASURE),
        tab.returned(None, EvaluateOptions(), 1, "en"),
    ):
        assert (view.kept, view.status, view.drawn) == (None, None, {})


# ---- files in and out --------------------------------------------------------------------------------------------


def test_an_upload_is_read_with_the_judgments_that_are_asked_for(tab: EvaluateTab, archive: Path) -> None:
    understood = tab.read_upload([str(archive)], "", {})
    assert understood.found is not None
    assert "4 passages" in understood.note("en")
    assert "judgments from qrels/test.tsv" in understood.note("en")
    other = tab.read_upload([str(archive)], "qrels/dev.tsv", {}).found
    assert other is not None
    assert other.collection.qrels == {"q1": {"d2": 1}}
    wrong = tab.read_upload([str(archive)], "qrels/none.tsv", {})
    assert wrong.found is None
    assert "There are no qrels “qrels/none.tsv”" in wrong.note("en")
    assert 'role="alert"' in wrong.note("en")


def test_an_uploaded_collection_is_evaluated(tab: EvaluateTab, archive: Path) -> None:
    judged = tab.read_upload([str(archive)], "", {}).found
    view, evaluated, _ = finished(tab, source=UPLOAD, uploaded=judged)
    assert evaluated.collection.key == "towns.zip"
    assert "museums &lt;i&gt;" in str(view.drawn["queries"])
    opened = tab.opened(evaluated, 1)
    assert (opened.query, opened.source, opened.depth) == ("museums <i>", UPLOAD, 10)


@pytest.fixture
def unjudged(tab: EvaluateTab, tmp_path: Path) -> Judged:
    """Passages and queries as plain files, without judgments."""
    corpus, queries = tmp_path / "corpus.tsv", tmp_path / "queries.txt"
    corpus.write_text("".join(f"d{n}\t{text}\n" for n, text in enumerate(PASSAGES, 1)), encoding="utf-8")
    queries.write_text("people of Berlin\nmuseums <i>\n", encoding="utf-8")
    understood = tab.read_upload([str(corpus), str(queries)], "", {})
    assert "2 queries; no judgments: what rankers change is told" in understood.note("en")
    assert understood.found is not None
    return understood.found


def test_without_judgments_what_changes_is_shown_and_nothing_else(tab: EvaluateTab, unjudged: Judged) -> None:
    view, evaluated, _ = finished(tab, source=UPLOAD, uploaded=unjudged, queries=0)
    assert "Nothing is judged" in str(view.drawn["headline"])
    assert "What each ranker changes" in str(view.drawn["table"])
    assert view.drawn["meaning"] == ""
    assert [key for key, chart in charts_of(view).items() if chart.shown] == ["changes"]
    assert len(evaluated.done.outcomes) == 2
    assert tab.opened(evaluated, 1).query == "museums <i>"
    for kind in FILES.keys() - set(JUDGED_FILES):
        assert text_of(tab.file(kind, evaluated, EvaluateOptions()))
    page = tab.html(evaluated, EvaluateOptions(), "en")["text"]
    assert "evaluation-changes" in page
    assert "evaluation-differences" not in page.split("</style>")[-1].split("<script")[0]


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"candidates": "judged"}, "Nothing is judged, so there are no judged passages to take as candidates."),
        ({"preset": "trec-dl-2019"}, "is a protocol of measuring, and nothing is judged here."),
    ],
)
def test_what_needs_judgments_says_so(tab: EvaluateTab, unjudged: Judged, parts: dict[str, Any], sentence: str) -> None:
    assert sentence in alert(tab, source=UPLOAD, uploaded=unjudged, **parts)


OWN = Judgments().judge(Query("1", "people of Berlin"), Passage("d1", PASSAGES[0]), 2)
"""One judgment of the first query."""


def test_own_judgments_measure_the_queries_that_they_are_of(unjudged: Judged) -> None:
    source = FakeSource()
    tab = tab_with(source)
    _, evaluated, _ = finished(tab, source=UPLOAD, uploaded=unjudged, queries=0)
    scored = len(source.model.scored)
    view = tab.redraw(evaluated, EvaluateOptions(judgments=OWN, own=True), 1, "en")
    assert view.kept is not None
    assert view.kept.evaluation is not None
    assert view.kept.evaluation.query_ids == ("1",)
    assert "NDCG@10" in str(view.drawn["headline"])
    assert "Your own judgments count; what you did not judge gains nothing." in str(view.drawn["headline"])
    assert tab.opened(view.kept, 0).query == "people of Berlin"
    assert tab.returned(view.kept, EvaluateOptions(judgments=OWN, own=True), 1, "en").kept is None  # nothing is new
    back = tab.returned(view.kept, EvaluateOptions(judgments=OWN), 1, "en")
    assert back.kept is not None
    assert "Nothing is judged" in str(back.drawn["headline"])
    assert len(back.kept.outcomes) == 2
    assert len(source.model.scored) == scored


def test_own_judgments_of_other_queries_are_not_said_to_count(tab: EvaluateTab) -> None:
    _, evaluated, _ = finished(tab)
    other = Judgments().judge(Query("", "typed elsewhere"), evaluated.collection.passages[0], 3)
    view = tab.redraw(evaluated, EvaluateOptions(judgments=other, own=True), 1, "en")
    assert "NDCG@10" in str(view.drawn["headline"])
    assert "Your own judgments count" not in str(view.drawn["headline"])


def test_own_judgments_stand_beside_those_of_the_collection(tab: EvaluateTab) -> None:
    _, evaluated, _ = finished(tab)
    query, passage = evaluated.collection.queries[0], evaluated.collection.passages[0]
    own = Judgments().judge(query, passage, 3)
    view = tab.redraw(evaluated, EvaluateOptions(judgments=own, own=True), 1, "en")
    assert view.kept is not None
    assert len(view.kept.outcomes) == 5
    assert view.kept.collection.qrels[query.query_id][passage.doc_id] == 3
    assert evaluated.collection is evaluated.judged.collection


def test_another_order_of_the_queries_draws_only_them(tab: EvaluateTab) -> None:
    _, evaluated, options = finished(tab)
    view = tab.again(evaluated, replace(options, order=BY_AGREEMENT), "en", ORDER)
    assert "the least agreement first" in str(view.drawn["queries"])
    assert list(view.drawn) == ["queries"]


def test_a_file_that_is_none_leaves_what_was_there(tab: EvaluateTab, tmp_path: Path) -> None:
    bad = tmp_path / "notes.txt"
    bad.write_text("just words\n", encoding="utf-8")
    understood = tab.read_upload([str(bad)], "", {})
    run = tab.pane.read_runs([str(bad)], {}, one=True)
    assert (understood.found, run.found) == (None, None)
    assert 'role="alert"' in understood.note("zh")
    assert 'role="alert"' in run.note("zh")


def test_a_run_that_was_saved_gives_the_same_figures_when_it_is_read_back(tab: EvaluateTab, tmp_path: Path) -> None:
    _, evaluated, options = finished(tab)
    saved = tab.file("run", evaluated, options)
    path = tmp_path / saved["name"]
    path.write_text(saved["text"], encoding="utf-8")
    understood = tab.pane.read_runs([str(path)], {}, one=True)
    assert "rerank-lens-evaluation.run: 50 results for 5 queries" in understood.note("en")
    assert understood.found is not None
    run = understood.found.runs["rerank-lens-evaluation.run"]
    _, again, _ = finished(tab, candidates=RUN, run=run, rankers=("bm25",))
    assert evaluated.evaluation is not None
    assert again.evaluation is not None
    for measure in evaluated.measures:
        was = evaluated.evaluation.figures["bundled/tiny", measure].values.tolist()
        assert again.evaluation.figures["run:bundled_tiny", measure].values.tolist() == was


def text_of(saved: dict[str, str]) -> str:
    """What is in the file; of an archive all files one after the other."""
    return saved["text"] if "text" in saved else "".join(unzipped(saved).values())


def unzipped(saved: dict[str, str]) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(b64decode(saved["base64"]))) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def test_the_runs_of_all_rankers_are_in_one_archive_and_rankers_again(tab: EvaluateTab) -> None:
    _, evaluated, options = finished(tab)
    saved = tab.file("runs", evaluated, options)
    files = unzipped(saved)
    assert (saved["name"], list(files)) == ("rerank-lens-runs.zip", ["bm25.run", "bundled_tiny.run"])
    runs = {name: read_run(Source(name, text.encode(), Limits(*[10**9] * 4))) for name, text in files.items()}
    plan = set_up(replace(evaluated.judged, runs=runs), (), evaluated.measures, FakeRanker("stage"), most_queries=5)
    again = evaluate(run_queries(plan).run().outcomes, evaluated.collection, evaluated.measures)
    assert evaluated.evaluation is not None
    for measure in evaluated.measures:
        for was, now in (("bm25", "run:bm25.run"), ("bundled/tiny", "run:bundled_tiny.run")):
            expected = evaluated.evaluation.figures[was, measure].values.tolist()
            assert again.figures[now, measure].values.tolist() == expected


@pytest.mark.parametrize("kind", FILES)
def test_every_file_can_be_saved(tab: EvaluateTab, kind: str) -> None:
    _, evaluated, options = finished(tab)
    saved = tab.file(kind, evaluated, options)
    assert saved["name"].startswith("rerank-lens-")
    assert text_of(saved).strip()
    if saved["name"].endswith(".json"):
        json.loads(saved["text"])
    if saved["name"].endswith(".run"):
        read_run(Source(saved["name"], saved["text"].encode(), Limits(*[10**9] * 4)))
    with pytest.raises(InputError, match="Press Evaluate first"):
        tab.file(kind, None, options)


def test_a_calibration_gives_back_the_curve(tab: EvaluateTab) -> None:
    _, evaluated, options = finished(tab)
    value = json.loads(tab.file("calibration", evaluated, options)["text"])
    assert value["ranker"] == "bundled/tiny"
    assert value["platt"].keys() == {"slope", "intercept", "probability"}
    knots = value["isotonic"]["probabilities"]
    assert knots == sorted(knots)
    assert len(knots) == len(value["isotonic"]["scores"])


# ---- time and numbers --------------------------------------------------------------------------------------------


def test_the_first_query_says_nothing_of_the_time_that_is_left() -> None:
    pace = TimeLeft()
    assert pace.left(10) is None
    pace.one_done()
    assert pace.left(10) is None
    pace.one_done()
    left = pace.left(10)
    assert left is not None
    assert 0 <= left < 1


@pytest.mark.parametrize(
    ("left", "words"), [(0.2, "1 s"), (7.4, "7 s"), (90, "90 s"), (91, "2 min"), (600, "10 min"), (601, "11 min")]
)
def test_a_time_to_wait_is_told_roughly(left: float, words: str) -> None:
    assert duration(left) == words


def test_a_number_in_a_field() -> None:
    label = Message("Depth")
    assert whole(3.0, label, 1) == 3
    with pytest.raises(InputError, match=r"“Depth” is 2\.5\. Write a whole number, 1 or more\."):
        whole(2.5, label, 1)
