"""Every program of a result, run as it was written, gives the scores that are on screen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import made_rerankers
import pytest
from markupsafe import escape
from served_app import served

from demo.errors import InputError
from demo.formats.outputs import run_tag
from demo.judgments import Judgments
from demo.records import Passage
from demo.service import RankingService
from demo.settings import ROOT, Settings
from demo.ui.code import ADDRESS, PROGRAMS, Program, command_program, python_program, transformers_program
from demo.ui.compare.handlers import CompareOptions, CompareTab
from demo.ui.inputs.handlers import InputsPane
from demo.ui.session import ShownResult
from demo.ui.views import programs

QUERY = 'When does the "library" open? $HOME `date` \\n @query@ ${x} 柏林'
PASTED = "\n".join(
    json.dumps(row)
    for row in (
        {"id": "a", "title": "Hours", "text": "The library opens at nine o'clock."},
        {"id": "b", "text": "END-OF-PASSAGES\nEND-OF-REQUEST\n'''\"\"\" @passages@ ${1+1} $(date) `id` \u2028 <b>"},
        {"id": "c", "text": "Libraries lend books; this one opens late."},
        {"id": "d", "text": "柏林的图书馆九点开门。"},
        {"id": "e", "text": "When does it open? When the library opens."},
    )
)
RANKERS = ["bm25[k1=1.2]", "bundled/tiny", "rrf(bm25+bundled/tiny)"]
Scores = dict[str, dict[str, float]]
"""Ranker's label → doc_id → score."""


@dataclass(frozen=True)
class Page:
    url: str
    tab: CompareTab


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    made: list[RankingService] = []

    def service(settings: Settings) -> RankingService:
        made.append(RankingService(settings))
        return made[0]

    with served(service) as url:
        yield Page(url, CompareTab(InputsPane(made[0].settings, made[0])))


def shown_on(page: Page, rankers: list[str] = RANKERS, pasted: str = PASTED, **form: Any) -> ShownResult:
    asked = replace(page.tab.pane.default_form(), query=QUERY, source="paste", pasted=pasted, **form)
    *_, view = page.tab.run(asked, rankers, CompareOptions(), Judgments(), "en")
    assert view.kept is not None, view.status
    return view.kept


def on_screen(shown: ShownResult) -> Scores:
    return {
        ranking.ranker.label: {
            shown.candidates[index].doc_id: float(ranking.scores[index]) for index in ranking.top(99).tolist()
        }
        for ranking in shown.rankings
    }


def finished(command: list[str], folder: Path, **more: Any) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False, **more
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_blocks(text: str) -> Scores:
    """The scores of a listing: a label, then lines of tabs that end in rank, score, id, text, or in score and id."""
    found: Scores = {}
    for line in text.splitlines():
        cells = line.split("\t")
        if len(cells) == 1:
            label = line.strip()
            found[label] = {}
        else:
            score, doc_id = cells[1:3] if len(cells) > 2 else cells
            found[label][doc_id] = float(score)
    return found


def python(text: str, folder: Path, shown: ShownResult) -> Scores:
    (folder / "program.py").write_text(text, encoding="utf-8")
    return in_blocks(finished([sys.executable, "program.py"], folder))


def transformers(text: str, folder: Path, shown: ShownResult) -> Scores:
    (folder / "demo").symlink_to(ROOT / "demo")
    return python(text, folder, shown)


def javascript(text: str, folder: Path, shown: ShownResult) -> Scores:
    (folder / "program.mjs").write_text(text, encoding="utf-8")
    return in_blocks(finished(["node", "program.mjs"], folder))


def curl(text: str, folder: Path, shown: ShownResult) -> Scores:
    (folder / "program.sh").write_text(text, encoding="utf-8")
    told = finished(["sh", "program.sh"], folder)
    (answer,) = json.loads(re.findall(r"event: complete\ndata: (.*)", told)[0])
    return {
        ranker["label"]: {
            row["doc_id"]: row["scores"][ranker["key"]] for row in answer["results"] if row["ranks"][ranker["key"]]
        }
        for ranker in answer["rankers"]
    }


def command(text: str, folder: Path, shown: ShownResult) -> Scores:
    (folder / "program.sh").write_text(text, encoding="utf-8")
    finished(["sh", "program.sh"], folder)
    found: Scores = {}
    for path in (folder / "out").glob("*.run"):
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        (label,) = (each.ranker.label for each in shown.rankings if run_tag(each.ranker.key) == lines[0][5])
        found[label] = {line[2]: float(line[4]) for line in lines}
    return found


RUN: dict[str, Callable[[str, Path, ShownResult], Scores]] = {
    "python": python,
    "sentence-transformers": transformers,
    "javascript": javascript,
    "curl": curl,
    "command": command,
}
TOOLS = {"javascript": "node", "curl": "curl"}
EVERY = pytest.mark.parametrize("program", PROGRAMS, ids=[row.key for row in PROGRAMS])


@EVERY
@pytest.mark.parametrize("depth", [0, 3])
def test_it_gives_what_is_on_screen(program: Program, depth: int, page: Page, tmp_path: Path) -> None:
    tool = TOOLS.get(program.key)
    if tool and not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    shown = shown_on(page, depth=depth, k1=1.2)
    text = program.write(shown).replace(ADDRESS, page.url, 1)
    found, wanted = RUN[program.key](text, tmp_path, shown), on_screen(shown)
    if program.key == "sentence-transformers":
        wanted = {label: scores for label, scores in wanted.items() if label == "Tiny"}
        assert list(wanted) == ["Tiny"]
    assert found.keys() == wanted.keys()
    for label, scores in wanted.items():
        tolerance = {"abs": 2e-4} if program.key == "sentence-transformers" else {"rel": 1e-5, "abs": 1e-5}
        assert found[label] == pytest.approx(scores, **tolerance)


def test_an_instruction_comes_along(page: Page, tmp_path: Path) -> None:
    model = made_rerankers.write_prompted(tmp_path)
    told = f'{model}[instruction="Name a town, \\"Cork\\"; "]'
    shown = shown_on(page, [str(model), told])
    text = transformers_program(shown)
    found, wanted = transformers(text, tmp_path, shown), on_screen(shown)
    assert len({min(scores.values()) for scores in wanted.values()}) == 2
    assert found.keys() == wanted.keys()
    for label, scores in wanted.items():
        assert found[label] == pytest.approx(scores, abs=2e-4)


@EVERY
def test_it_is_not_of_another_depth_than_is_on_screen(program: Program, page: Page) -> None:
    shown = page.tab.redraw(shown_on(page), CompareOptions(depth=3), Judgments(), "en").kept
    assert shown is not None
    if program.key == "sentence-transformers":
        assert "'Tiny'" in program.write(shown)
    else:
        with pytest.raises(InputError, match="The slider shows a smaller depth"):
            program.write(shown)


def test_a_run_file_has_no_place_for_an_id_with_white_space(page: Page) -> None:
    shown = shown_on(page, pasted=PASTED.replace('"id": "a"', '"id": "a b"'))
    with pytest.raises(InputError, match="The id “a b” cannot stand in a TREC run file"):
        command_program(shown)
    assert "'id': 'a b'" in python_program(shown)


@EVERY
def test_it_refuses_what_is_too_long(program: Program, page: Page) -> None:
    shown = shown_on(page)
    long = (Passage("d", "x" * 500_001),)
    collection = replace(shown.collection, passages=long)
    shown = replace(
        shown, request=replace(shown.request, collection=collection), result=replace(shown.result, candidates=long)
    )
    with pytest.raises(InputError, match="a program holds at most 500,000"):
        program.write(shown)


def test_without_a_plain_cross_encoder_there_is_nothing_to_load(page: Page) -> None:
    (program,) = (row for row in PROGRAMS if row.key == "sentence-transformers")
    with pytest.raises(InputError, match="No column is a cross-encoder that sentence-transformers loads"):
        program.write(shown_on(page, ["bm25", "bundled/tiny[windows]"]))


def test_the_page_shows_every_program(page: Page) -> None:
    shown = shown_on(page)
    found = programs.programs(shown, "en")
    for program in PROGRAMS:
        assert f"<summary>{program.label}</summary>" in found
        assert str(escape(program.write(shown))) in found


def test_the_page_says_why_a_program_is_not_there(page: Page) -> None:
    found = programs.programs(shown_on(page, ["bm25"]), "en")
    assert found.count("<pre") == len(PROGRAMS) - 1
    assert "No column is a cross-encoder" in found


def test_programs_of_long_lists_are_for_the_files(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MOST_SHOWN_CHARS", 20)
    found = programs.programs(shown_on(page), "en")
    assert "<pre" not in found
    assert "too many to show" in found
