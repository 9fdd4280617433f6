"""The command from a terminal: files it writes, sentences it ends with, and a kill in the middle."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_checkpoints import write_bert

from demo.evaluate.__main__ import main
from demo.formats.source import Limits, Source
from demo.formats.trec_runs import read_run
from demo.metrics.effectiveness import mean, measure_run, parse_measure
from demo.service import RankingService
from demo.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
PASSAGES = [
    "Berlin is the capital of Germany.",
    "Berlin has a population of 3.5 million people.",
    "Museums of Berlin draw many visitors.",
    "Paris is the capital of France.",
    "The Eiffel tower stands in Paris.",
    "Glaciers are made of ice.",
]
QUERIES = {f"q{n}": text for n, text in enumerate(
    ["population of Berlin", "capital of France", "what are glaciers", "museums in Berlin", "tower in Paris"], 1
)}  # fmt: skip
RELEVANT = {"q1": "d2", "q2": "d4", "q3": "d6", "q4": "d3", "q5": "d5"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A judged collection in BEIR's layout."""
    made = tmp_path / "towns"
    made.mkdir()
    corpus = [json.dumps({"_id": f"d{n}", "title": "T", "text": text}) for n, text in enumerate(PASSAGES, 1)]
    (made / "corpus.jsonl").write_text("\n".join(corpus), encoding="utf-8")
    queries = [json.dumps({"_id": key, "text": text}) for key, text in QUERIES.items()]
    (made / "queries.jsonl").write_text("\n".join(queries), encoding="utf-8")
    rows = [f"{query}\t{doc}\t1" for query, doc in RELEVANT.items()] + ["q1\td1\t0", "q9\td1\t1"]
    (made / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]), encoding="utf-8")
    return made


def evaluate(folder: Path, out: Path, *options: str) -> None:
    main(["--collection", str(folder), "--out", str(out), *options])


def refusal(folder: Path, out: Path, *options: str) -> str:
    with pytest.raises(SystemExit) as caught:
        evaluate(folder, out, *options)
    assert isinstance(caught.value.code, str)  # Python prints it and ends with status 1
    return caught.value.code


# ---- what comes out ----------------------------------------------------------------------------------------------


def test_bm25_and_the_bundled_model_end_to_end(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    evaluate(folder, out, "--depth", "4", "--measures", "mrr@10,ndcg@10")
    value = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert [ranker["key"] for ranker in value["rankers"]] == ["bm25", "bundled/medium"]
    # BM25 finds at most three passages of a query, fewer than the depth
    assert (value["queries"], value["depth"], value["baseline"]) == (5, 3, "bm25")
    qrels = {query: {doc: 1} for query, doc in RELEVANT.items()}
    for ranker, name in zip(value["rankers"], ("bm25.run", "bundled_medium.run"), strict=True):
        run = read_run(Source(name, (out / name).read_bytes(), Limits(*[sys.maxsize] * 4)))
        for measure in map(parse_measure, value["measures"]):
            values = measure_run(qrels, run.rankings, (measure,))[measure]
            assert mean(values.values()) == ranker["measures"][measure.key]["mean"]
    printed = capsys.readouterr().out
    assert "| BM25 |" in printed
    assert "| Medium |" in printed
    assert "judged queries without a text, left out: 1" in printed
    assert {path.name for path in out.iterdir()} == {
        *("scores", "bm25.run", "bundled_medium.run", "per_query.csv", "evaluation.json", "table.md", "table.tex"),
    }


def test_figures_by_a_field_are_printed_and_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topics = dict(zip(QUERIES, ("Berlin", "Paris", "ice", "Berlin", "Paris"), strict=True))
    lines = [json.dumps({"_id": key, "text": text, "topic": topics[key]}) for key, text in QUERIES.items()]
    (folder / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out"
    evaluate(folder, out, "--rankers", "bm25", "--measures", "mrr", "--slice", "topic")
    rows = [line.split(",") for line in (out / "slices.csv").read_text(encoding="utf-8").splitlines()]
    assert rows[0] == ["query:topic", "queries", "bm25 MRR"]
    assert [(value, int(queries)) for value, queries, _ in rows[1:]] == [("Berlin", 2), ("Paris", 2), ("ice", 1)]
    whole = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))["rankers"][0]["measures"]["mrr"]["mean"]
    assert sum(int(queries) * float(value) for _, queries, value in rows[1:]) / 5 == pytest.approx(whole)
    assert "| query:topic · MRR | queries | BM25 |" in capsys.readouterr().out
    assert "Found: query:topic" in refusal(folder, out, "--rankers", "bm25", "--slice", "language")


def test_without_judgments_the_command_tells_what_changes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "qrels.tsv").unlink()
    evaluate(folder, tmp_path / "out")
    value = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert (value["judged"], value["queries"]) == (False, 5)
    assert value["rankers"][1]["changes"]["queries"] == 5
    printed = capsys.readouterr().out
    assert "Medium puts another passage first than BM25 on" in printed
    assert "nothing judged. What each ranker changes of BM25's order" in printed
    assert (tmp_path / "out" / "bundled_medium.run").is_file()
    for options in (["--preset", "trec-dl-2019"], ["--slice", "topic"], ["--mteb"]):
        assert "nothing is judged here" in refusal(folder, tmp_path / "other", *options)


def test_candidates_can_come_from_a_run_which_is_then_measured_too(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "first.run.gz"
    lines = "".join(f"{query} Q0 d1 1 2 lucene\n{query} Q0 {doc} 2 1 lucene\n" for query, doc in RELEVANT.items())
    run.write_bytes(gzip.compress(lines.encode()))
    evaluate(folder, tmp_path / "out", "--rankers", "bm25", "--candidates", str(run), "--measures", "mrr")
    value = json.loads((tmp_path / "out/evaluation.json").read_text(encoding="utf-8"))
    assert [ranker["key"] for ranker in value["rankers"]] == ["run:lucene", "bm25"]
    assert value["rankers"][0]["measures"]["mrr"]["mean"] == 1 / 2
    assert value["rankers"][1]["measures"]["mrr"]["mean"] == 1.0
    assert value["rankers"][1]["by_depth"]["mrr"] == [[2, 1.0]]


def test_a_folder_named_as_a_first_stage_hides_it_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # the second time, the folder is there
        evaluate(folder, Path("bm25"), "--rankers", "bm25", "--candidates", "bm25")
    assert "cannot be read (Is a directory)" in refusal(folder, tmp_path / "out", "--candidates", str(tmp_path))


def test_runs_among_the_files_are_rankers_beside_those_named(folder: Path, tmp_path: Path) -> None:
    # one is right about all, two puts d1 before the relevant passage
    one = "".join(f"{query} Q0 {doc} 1 2 x\n" for query, doc in RELEVANT.items())
    two = "".join(f"{query} Q0 d1 1 2 x\n{query} Q0 {doc} 2 1 x\n" for query, doc in RELEVANT.items())
    (folder / "one.run").write_text(one, encoding="utf-8")
    (folder / "two.run").write_text(two, encoding="utf-8")
    evaluate(folder, tmp_path / "out", "--rankers", "bm25", "--measures", "mrr", "--baseline", "run:two.run")
    value = json.loads((tmp_path / "out/evaluation.json").read_text(encoding="utf-8"))
    assert [ranker["key"] for ranker in value["rankers"]] == ["bm25", "run:one.run", "run:two.run"]
    assert [ranker["measures"]["mrr"]["mean"] for ranker in value["rankers"][1:]] == [1.0, 1 / 2]
    evaluate(folder, tmp_path / "alone", "--rankers", "", "--measures", "mrr")
    alone = json.loads((tmp_path / "alone/evaluation.json").read_text(encoding="utf-8"))
    assert [ranker["label"] for ranker in alone["rankers"]] == ["one.run", "two.run"]


@pytest.mark.parametrize(
    ("baseline", "key"),
    [
        ("bundled", "bundled/medium"),
        (" medium ", "bundled/medium"),
        ("bundled/tiny[windows=yes]", "bundled/tiny[windows]"),
        ("bm25[b=0.75]", "bm25"),
        ("run:a run.run", "run:a run.run"),
    ],
)
def test_the_baseline_is_written_as_rankers_are(folder: Path, tmp_path: Path, baseline: str, key: str) -> None:
    (folder / "a run.run").write_text("q1 Q0 d1 1 2 x\n", encoding="utf-8")
    rankers = "bm25,bundled,bundled/tiny[windows]"
    evaluate(folder, tmp_path, "--rankers", rankers, "--candidates", "bm25", "--queries", "1", "--baseline", baseline)
    assert json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))["baseline"] == key


def test_the_command_line_may_name_any_folder_wherever_the_page_is_served(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_bert(tmp_path / "own")
    monkeypatch.setenv("RERANK_LENS_HOST", "0.0.0.0")
    evaluate(folder, tmp_path / "out", "--rankers", f"bm25,{model}", "--queries", "1")
    value = json.loads((tmp_path / "out/evaluation.json").read_text(encoding="utf-8"))
    assert [ranker["key"] for ranker in value["rankers"]] == ["bm25", str(model)]


def test_judged_passages_as_candidates_have_no_first_stage(folder: Path, tmp_path: Path) -> None:
    evaluate(folder, tmp_path / "out", "--rankers", "bm25", "--candidates", "judged", "--no-titles", "--queries", "2")
    value = json.loads((tmp_path / "out/evaluation.json").read_text(encoding="utf-8"))
    assert (value["queries"], value["depth"]) == (2, 2)
    assert value["rankers"][0]["by_depth"] == {}


def test_a_bundled_collection_is_known_by_its_key(tmp_path: Path) -> None:
    evaluate(Path("astronomy"), tmp_path, "--rankers", "bm25", "--relevant-from", "2", "--measures", "p@1")
    value = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert (value["collection"], value["relevant_from"]) == ("astronomy", 2)


def test_a_preset_sets_depth_measure_and_grade(folder: Path, tmp_path: Path) -> None:
    evaluate(folder, tmp_path, "--rankers", "bm25", "--preset", "trec-dl-2019", "--relevant-from", "1")
    value = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert value["measures"][0] == "ndcg@10"
    assert value["depth"] == 6  # all of the collection


@pytest.mark.parametrize(
    ("first", "ranker"), [("tantivy", "tantivy"), ("", "bm25"), ("judged", "bm25"), ("first.run", "tantivy")]
)
def test_passages_on_disk_give_the_same_results_to_the_byte(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], first: str, ranker: str
) -> None:
    if ranker == "tantivy":
        pytest.importorskip("tantivy", reason="tantivy is not installed: pip install -r requirements-search.txt")
    run = tmp_path / "first.run"
    run.write_text("".join(f"{query} Q0 {doc} 1 2 x\n{query} Q0 d1 2 1 x\n" for query, doc in RELEVANT.items()))
    candidates = ["--candidates", str(run) if first == "first.run" else first] if first else []
    options = [*candidates, "--rankers", f"{ranker},bundled", "--depth", "3"]
    evaluate(folder, tmp_path / "memory", *options)
    evaluate(folder, tmp_path / "disk", *options, "--disk")
    assert outputs(tmp_path / "disk") == outputs(tmp_path / "memory")
    headers = [
        {path.name: path.read_text("utf-8").splitlines()[0] for path in (tmp_path / out / "scores").iterdir()}
        for out in ("disk", "memory")
    ]
    assert headers[0] == headers[1]
    assert not (tmp_path / "disk" / "passages-on-disk").exists()
    printed = capsys.readouterr().out
    assert "its passages stay on disk" in printed
    assert ("BM25 keeps an index of all 6 passages in memory" in printed) is (ranker == "bm25")


def test_without_titles_passages_on_disk_are_the_same(folder: Path, tmp_path: Path) -> None:
    for out, options in (("memory", ()), ("disk", ("--disk",))):
        evaluate(folder, tmp_path / out, "--rankers", "bm25", "--no-titles", *options)
    assert outputs(tmp_path / "disk") == outputs(tmp_path / "memory")


def test_what_cannot_stay_on_disk_is_told_and_read_into_memory(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"d{n},{text}\n" for n, text in enumerate(PASSAGES, 1))
    (folder / "corpus.jsonl").unlink()
    (folder / "corpus.csv").write_text(f"id,text\n{rows}", encoding="utf-8")
    evaluate(folder, tmp_path / "out", "--rankers", "bm25", "--disk")
    assert "Note: corpus.csv is read into memory as a whole" in capsys.readouterr().out
    assert (tmp_path / "out" / "bm25.run").exists()


# ---- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--measures", "bleu"], "There is no measure “bleu”."),
        (["--depth", "0"], "--depth is 0. Write 1 or more."),
        (["--relevant-from", "0"], "--relevant-from is 0."),
        (["--relevant-from", "2147483648"], "--relevant-from is 2147483648. Write 100 or less."),
        (["--rankers", ","], "No ranker is named."),
        (["--rankers", "bm25,no such model"], '"no such model": “no such model” is no model'),
        (["--baseline", "tiny"], "There is no ranker “tiny” to compare with. Choose one of bm25"),
        (["--baseline", "bundled/tiny[windows=yes]"], "There is no ranker “bundled/tiny[windows=yes]” to compare"),
        (["--baseline", "tiny["], "The brackets or quotation marks in “tiny[” do not match."),
        (["--slice", "lnag"], "Neither queries nor passages have a field “lnag”. Found: –."),
        (["--qrels", "other.tsv"], "There are no qrels “other.tsv” in the collection. Found: qrels.tsv."),
        (["--candidates", "absent.run"], "The run absent.run cannot be read"),
    ],
)
def test_bad_options_end_with_a_sentence_before_anything_is_scored(
    folder: Path, tmp_path: Path, options: list[str], sentence: str
) -> None:
    out = tmp_path / "out"
    assert refusal(folder, out, *options).startswith(sentence)
    assert not out.exists()


def test_a_collection_that_is_not_there_is_said(tmp_path: Path) -> None:
    sentence = refusal(tmp_path / "absent", tmp_path / "out")
    assert "no such folder or file, and the bundled ones are" in sentence


def test_no_collection_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"No collection was named\. Give --collection"):
        main(["--out", str(tmp_path / "out")])


def test_ids_that_no_run_file_can_hold_cost_only_the_run_files(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in folder.iterdir():
        path.write_text(path.read_text(encoding="utf-8").replace("d2", "d 2"), encoding="utf-8")
    evaluate(folder, tmp_path / "out", "--rankers", "bm25,bundled")
    said = capsys.readouterr().err
    assert said.count("Note: run files were left out. The id “d 2” cannot stand in a TREC run file") == 1
    assert (tmp_path / "out/per_query.csv").exists()
    assert not list((tmp_path / "out").glob("*.run"))


def test_a_run_for_other_queries_is_refused(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "other.run"
    run.write_text("301 Q0 d1 1 2 t\n", encoding="utf-8")
    sentence = refusal(folder, tmp_path / "out", "--candidates", str(run))
    assert sentence.startswith("The candidates are for other queries: they are named like “301”")


def test_the_terminal_gets_the_sentence_and_a_status(folder: Path, tmp_path: Path) -> None:
    (folder / "qrels.tsv").write_text("q1\td1\tgood\n", encoding="utf-8")
    finished = subprocess.run(command(folder, tmp_path / "out"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert finished.stderr.startswith('Line 1 of qrels.tsv: the grade is "good".')
    assert "Traceback" not in finished.stderr


# ---- the same again ----------------------------------------------------------------------------------------------

EVERY_KIND = "bm25,bundled/tiny,bm25[variant=okapi],bundled/tiny[max_tokens=32;windows],rrf(bm25+bundled/tiny)[k=10]," \
    "z(bm25+bundled/tiny)[weights=1/2]"  # fmt: skip


def test_a_finished_evaluation_run_again_writes_the_same_to_the_byte(folder: Path, tmp_path: Path) -> None:
    """Labels, kinds of scores and what was measured come from the rankers and their journals, not from scoring."""
    out = tmp_path / "out"
    evaluate(folder, out, "--rankers", EVERY_KIND)
    first = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    evaluate(folder, out, "--rankers", EVERY_KIND)
    again = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    assert again == first
    value = json.loads(first["evaluation.json"])
    assert [ranker["score_kind"] for ranker in value["rankers"]] == [
        *("bm25", "logit", "bm25", "logit", "rrf", "weighted sum")
    ]
    assert [ranker["label"] for ranker in value["rankers"]][-2:] == ["RRF, k = 10 (BM25 + Tiny)", "z (BM25 + 2 × Tiny)"]


def test_an_evaluation_that_was_stopped_goes_on_to_the_same_result(folder: Path, tmp_path: Path) -> None:
    evaluate(folder, tmp_path / "whole", "--rankers", EVERY_KIND)
    part = tmp_path / "part"
    evaluate(folder, part, "--rankers", "bundled/tiny,rrf(bm25+bundled/tiny)[k=10]", "--queries", "2")
    evaluate(folder, part, "--rankers", EVERY_KIND)
    assert outputs(part) == outputs(tmp_path / "whole")


@pytest.mark.parametrize("name", ["my,model", "v[2]", "a+b", "bm25", 'the "best"', "x=1;y", "(old)"])
def test_a_model_in_a_folder_of_any_name_can_be_evaluated(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write_bert(tmp_path / "models" / name)
    monkeypatch.setenv("RERANK_LENS_MODELS_FOLDER", str(tmp_path / "models"))
    offered = RankingService(Settings.from_env(), recordings=None).rankers.offered()
    (model,) = (ranker for ranker in offered if ranker.spec.label == name)
    fused = f"rrf(bm25+{model})"
    evaluate(folder, tmp_path / "out", "--rankers", f"bm25,{model},{fused}", "--queries", "2")
    value = json.loads((tmp_path / "out/evaluation.json").read_text(encoding="utf-8"))
    assert [ranker["key"] for ranker in value["rankers"]] == ["bm25", model.spec.key, f"rrf(bm25+{model.spec.key})"]
    assert value["rankers"][1]["speed"]["pairs"] > 0


# ---- a kill in the middle ----------------------------------------------------------------------------------------


def command(folder: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "demo.evaluate", "--collection", str(folder), "--out", str(out), "--depth", "6"]


def outputs(out: Path) -> dict[str, bytes]:
    """Every file, without the times that were measured."""
    files = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    value = json.loads(files["evaluation.json"])
    value["quality_and_cost"] = None
    for ranker in value["rankers"]:
        for name in ("seconds_per_query", "pairs_per_second"):
            ranker["speed"][name] = None
    return files | {"evaluation.json": json.dumps(value).encode()}


def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(folder: Path, tmp_path: Path) -> None:
    evaluate(folder, tmp_path / "whole", "--depth", "6")
    cut, scores = tmp_path / "cut", tmp_path / "cut/scores/bundled_medium.jsonl"
    process = subprocess.Popen(command(folder, cut), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (scores.exists() and scores.read_bytes().count(b"\n") > 1):
        time.sleep(0.005)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = scores.read_bytes()
    scores.write_bytes(before[: before.rindex(b"\n", 0, -1) + 30])  # torn in its last line
    evaluate(folder, cut, "--depth", "6")
    assert outputs(cut) == outputs(tmp_path / "whole")
    assert len(outputs(cut)) == 6
    kept = before[: before.rindex(b"\n", 0, -1) + 1]
    assert scores.read_bytes().startswith(kept)
    assert kept.count(b"\n") >= 1
