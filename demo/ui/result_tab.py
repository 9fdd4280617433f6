"""What the tabs that show a result have in common: running, and what can be taken away."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from demo.budgets import scorers
from demo.judgments import Judgments
from demo.messages import Language, Message
from demo.rankers.protocol import MatchesWords, Ranker
from demo.records import Result
from demo.results.report import as_beir, as_runs, as_set, json_text
from demo.service import RankingService
from demo.text import Analysis
from demo.ui.boundary import require
from demo.ui.code import PROGRAMS, Program
from demo.ui.explaining import answer
from demo.ui.inputs.handlers import InputsForm, InputsPane
from demo.ui.parts import Download, archive, check_fits_page
from demo.ui.progress import render_steps
from demo.ui.saving import saved_page
from demo.ui.sections import Drawn, Section
from demo.ui.session import Question, ShownResult

WHY = "why"
"""Key of the section that holds the answer to “why this score?”."""


class ResultTab:
    """A tab that shows a result.

    Attributes:
        name: begins the ids of its elements.
        file: name of the files that are saved, without ending.
        nothing: what is told where there is no result yet.
        rows: its sections.
    """

    name: str
    file: str
    nothing: Message
    rows: tuple[Section[Any], ...]

    def __init__(self, pane: InputsPane) -> None:
        self.pane = pane
        self.service: RankingService = pane.service

    # ---- running -------------------------------------------------------------------------------------------------

    def steps(
        self,
        form: InputsForm,
        rankers: Callable[[Ranker], Sequence[Ranker]],
        language: Language,
        beside: tuple[Ranker, ...] = (),
    ) -> Generator[str | ShownResult, None, None]:
        """The progress as HTML, and what is shown so far whenever a column is done, complete at last.

        Args:
            rankers: who is asked, given the first stage.
            beside: as in `Request`.

        Raises:
            InputError: something that was chosen or typed cannot be used.
        """
        request = replace(self.pane.request(form), beside=beside)
        asked = tuple(rankers(request.first))
        for step in render_steps(self.service.run(request, asked, self.pane.visitor(), self.file), language):
            if isinstance(step, str):
                yield step
            else:
                result: Result = step.so_far
                trap = self.service.traps(result.collection.key).get(result.query.query_id)
                yield ShownResult(result, result, request, asked, analysis_of(request.first), trap)

    # ---- to take away --------------------------------------------------------------------------------------------

    def serve(self, files: Mapping[str, Download], kept: gr.State, judgments: gr.State) -> None:
        """Has the files of the menu made that need nothing else of the page."""
        for name, make in (("csv", self.csv), ("json", self.json), ("set", self.reranking_set), ("beir", self.beir)):
            files[name].serve(make, [kept, judgments])
        files["runs"].serve(self.runs, [kept])
        for program in PROGRAMS:
            files[program.key].serve(partial(self.code, program=program), [kept])

    def as_json(self, result: Result) -> dict[str, Any]:
        """The result as JSON values."""
        raise NotImplementedError

    def as_csv(self, result: Result) -> str:
        """The result as CSV; cells that a spreadsheet would run are defused."""
        raise NotImplementedError

    def csv(self, shown: ShownResult | None, judgments: Judgments | None) -> dict[str, str]:
        """File name and content of the result as CSV."""
        return {"name": f"{self.file}.csv", "text": self.as_csv(self.require_result(shown).judged(judgments))}

    def runs(self, shown: ShownResult | None) -> dict[str, str]:
        """File name and content of an archive with a TREC run of every ranker.

        Raises:
            InputError: there is no result, or an id cannot stand in a run.
        """
        return archive(f"{self.file}-runs.zip", as_runs(self.require_result(shown).drawn))

    def beir(self, shown: ShownResult | None, judgments: Judgments | None) -> dict[str, str]:
        """File name and content of an archive with the collection in BEIR's layout, the visitor's judgments in it.

        Raises:
            InputError: there is no result, or the passages are too many for a file from the page.
        """
        found = self.require_result(shown)
        check_fits_page(found.collection.passages)
        return archive(f"{self.file}-collection.zip", as_beir(found.judged(judgments)))

    def reranking_set(self, shown: ShownResult | None, judgments: Judgments | None) -> dict[str, str]:
        """File name and content of the judged candidates as a set to rerank.

        Raises:
            InputError: there is no result, or no candidate is judged relevant.
        """
        return {"name": f"{self.file}-set.jsonl", "text": as_set(self.require_result(shown).judged(judgments))}

    def json(self, shown: ShownResult | None, judgments: Judgments | None) -> dict[str, str]:
        """File name and content of the result as JSON."""
        result = self.require_result(shown).judged(judgments)
        return {"name": f"{self.file}.json", "text": json_text(self.as_json(result))}

    def page(
        self,
        shown: ShownResult,
        drawn: Mapping[str, Drawn],
        judgments: Judgments,
        question: Question | None,
        language: Language,
    ) -> dict[str, str]:
        """File name and content of the result as a page of its own, with the answer to “why?” if it was asked."""
        drawn = {**drawn, WHY: answer(self.service, question, shown, language)}
        result = shown.judged(judgments)
        text = saved_page(self.name, self.rows, result.query.text, drawn, self.as_json(result), language)
        return {"name": f"{self.file}.html", "text": text}

    def code(self, shown: ShownResult | None, program: Program = PROGRAMS[0]) -> dict[str, str]:
        """File name and content of the result as a program that makes it again."""
        kind = "" if program is PROGRAMS[0] else f"-{program.key}"
        return {"name": f"{self.file}{kind}.{program.ending}", "text": program.write(self.require_result(shown))}

    def require_result(self, shown: ShownResult | None) -> ShownResult:
        """The last result.

        Raises:
            InputError: there is none.
        """
        return require(shown, self.nothing)


def analysis_of(ranker: Ranker) -> Analysis:
    """How the ranker, or the first member of it that does, cuts texts into terms; the usual way where none does."""
    return next((each.analysis for each in scorers([ranker]) if isinstance(each, MatchesWords)), Analysis())
