"""A kind of ranker is one file and one row: one that nobody here knows of, added from outside, is found everywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

import pytest
from fakes import FakeSource, collection_of, request, run, service_with
from plotly_figures import drawn

from demo.charts import RESULT_CHARTS
from demo.charts.scales import RAW
from demo.errors import InputError, ModelError
from demo.evaluation.protocol import run_queries, set_up
from demo.formats.judged import Judged
from demo.judgments import Judgments
from demo.messages import Message
from demo.metrics.effectiveness import parse_measures
from demo.progress import Progress, as_steps
from demo.rankers.protocol import Kind
from demo.rankers.registry import KINDS
from demo.rankers.text_form import RankerOptions, Written, write_options
from demo.rankers.tools import Tools
from demo.records import Collection, Failure, IntArray, Query, RankerSpec, Ranking, Result
from demo.results.change import Pair
from demo.results.report import as_csv, as_json, pair_as_json
from demo.results.words import change_summary, summary
from demo.score_kinds import PROBABILITY
from demo.service import RankingService
from demo.settings import Settings
from demo.ui.compare.handlers import CompareOptions, CompareTab
from demo.ui.evaluate.handlers import EvaluateTab
from demo.ui.evaluate.session import EvaluateForm, EvaluateOptions
from demo.ui.inputs.handlers import COLLECTION, InputsPane
from demo.ui.links import Link, read, written
from demo.ui.rankers import ranker_choices, reranker_choices
from demo.ui.rerank.handlers import RerankTab
from demo.ui.sections import View
from demo.ui.session import ShownResult

# ---- a server that knows how likely a passage is to be relevant ----------------------------------------------------

BATCH = 2


class Answers(BaseHTTPRequestHandler):
    """The share of the query's words that each text holds, or what the server was told to answer."""

    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        words = asked["query"].lower().split()
        shares = [sum(word in text.lower() for word in words) / len(words) for text in asked["texts"]]
        body = json.dumps(shares).encode() if self.server.body is None else self.server.body
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps the output of the tests clean."""


class Server(ThreadingHTTPServer):
    """Remembers what it was asked; answers `body` with `status` where that is set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[dict[str, Any]] = []
        self.status, self.body = 200, None

    status: int
    body: bytes | None


# ---- the file that a new kind is -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FakeRemote:
    """Probabilities from a server.

    Attributes:
        version: of the model that the server runs.
    """

    address: str = field(repr=False)
    version: str = ""

    def __str__(self) -> str:
        return f"fake{write_options({'version': self.version or None})}"

    @property
    def spec(self) -> RankerSpec:
        return RankerSpec(str(self), " · ".join(filter(None, ("Fake remote", self.version))), PROBABILITY)

    def check(self) -> None:
        if self.version == "none":
            raise InputError("The server has no version “{version}”.", version=self.version)

    def fingerprint(self) -> str:
        return f"{self.address} {self.version}"

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        self.check()
        texts = [collection.passages[index].content for index in indices.tolist()]
        scores: list[float] = []
        for start in range(0, len(texts), BATCH):
            yield Progress("scoring", start, len(texts), Message("Asking the server"))
            scores += self._ask(query.text, texts[start : start + BATCH])
        return Ranking.from_scores(self.spec, scores)

    def _ask(self, query: str, texts: list[str]) -> list[float]:
        body = json.dumps({"query": query, "texts": texts, "version": self.version}).encode()
        try:
            with urlopen(HttpRequest(self.address, body), timeout=5) as answer:
                found: list[float] = json.loads(answer.read())
        except HTTPError as error:
            raise ModelError("The server answered with status {status}.", status=error.code) from error
        return found


def kind_of(server: Server) -> Kind:
    address = f"http://127.0.0.1:{server.server_port}/"

    def read_one(written: Written, tools: Tools) -> FakeRemote:
        options = RankerOptions("fake", written.options)
        version = options.text("version")
        options.close()
        return FakeRemote(address, version)

    def offer(tools: Tools) -> Sequence[FakeRemote]:
        return [FakeRemote(address)]

    return Kind("fake-remote", ("fake",), read_one, offer)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def service(server: Server) -> RankingService:
    return service_with(FakeSource(), kinds=(kind_of(server), *KINDS))


# ---- in a run ------------------------------------------------------------------------------------------------------


def test_without_its_row_there_is_no_such_ranker() -> None:
    (column,) = run(service_with(FakeSource()), "fake").columns
    assert isinstance(column, Failure)
    assert "No model fake" in str(column.reason)


def test_it_ranks_beside_the_others(service: RankingService, server: Server) -> None:
    result = run(service, "bm25,fake,tiny")
    # BM25's order is d3 d1 d2 d4; d3 holds both words of the query, d1 and d2 one, d4 none
    _, remote, _ = result.rankings
    assert [passage.doc_id for passage in result.candidates] == ["d3", "d1", "d2", "d4"]
    assert remote.scores.tolist() == [1.0, 0.5, 0.5, 0.0]
    assert remote.ranks.tolist() == [1, 2, 2, 4]
    assert remote.ranker == RankerSpec("fake", "Fake remote", PROBABILITY)
    assert [len(asked["texts"]) for asked in server.asked] == [2, 2]


def test_it_is_offered_and_read_back(service: RankingService) -> None:
    assert str(service.rankers.offered()[0]) == "fake"
    for text in ("fake", "fake[version=2]"):
        ranker = service.rankers.read(text)
        assert service.rankers.read(str(ranker)) == ranker
        assert service.rankers.read(ranker.spec.key).spec == ranker.spec
    with pytest.raises(InputError, match="fake has no option “k”; it has version"):
        service.rankers.read("fake[k=1]")
    assert service.rankers.read('"fake"').spec.key == '"fake"'  # a model of that name


def test_it_is_no_first_stage_unless_it_says_so(service: RankingService) -> None:
    assert "fake" not in map(str, service.rankers.first_stages())
    with pytest.raises(InputError, match="Fake remote cannot be the first stage"):
        run(service, "fake", first=service.rankers.read("fake"))


def test_it_can_be_fused(service: RankingService) -> None:
    result = run(service, "rrf(bm25+fake)[k=0],min-max(bm25+fake[version=2])")
    by_rank, by_score = result.rankings
    # BM25 ranks d3 d1 d2 and does not find d4, fake ranks them 1 2 2 4
    assert by_rank.scores == pytest.approx([1 / 1 + 1 / 1, 1 / 2 + 1 / 2, 1 / 3 + 1 / 2, 1 / 4])
    assert by_rank.ranker.label == "RRF, k = 0 (BM25 + Fake remote)"
    assert by_score.scores[[0, 3]].tolist() == [2.0, 0.0]
    assert by_score.ranker.key == "min-max(bm25+fake[version=2])"


def test_its_work_can_be_stopped(service: RankingService, server: Server) -> None:
    steps = service.run(request(), [service.rankers.read("fake")])
    while len(server.asked) < 1:
        next(steps)
    steps.close()
    assert len(server.asked) == 1


def test_words_json_and_csv_speak_of_it(service: RankingService) -> None:
    result = run(service, "bm25,fake")
    pair = Pair.of(result)
    assert "BM25 and Fake remote agree with τ" in str(summary(result))
    assert "The reranker ranked 1 passage that BM25 never found" in str(change_summary(pair.change, result.candidates))
    _, remote = as_json(result)["rankers"]
    assert (remote["key"], remote["label"], remote["score_kind"]) == ("fake", "Fake remote", "probability")
    assert (remote["model"], remote["failure"]) == (None, None)
    assert as_json(result)["results"][1]["scores"]["fake"] == 0.5
    assert pair_as_json(pair)["score_kinds"] == {"first_stage_score": "bm25", "score": "probability"}
    rows = list(csv.DictReader(io.StringIO(as_csv(result))))
    assert [row["fake rank"] for row in rows] == ["1", "2", "2", "4"]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, b"", "The server answered with status 500."),
        (200, b"<html>", "by a fault of this app"),  # the file above forgets to look at what it is given
        (200, b"[1.0, NaN]", "Fake remote gave no number for candidate 2 of 4"),
        (200, b'["a", "b"]', "by a fault of this app"),
        (200, b"[1.0]", "Fake remote gave 2 scores for 4 passages"),
    ],
)
def test_a_server_that_fails_has_the_reason_in_its_column(
    service: RankingService, server: Server, status: int, body: bytes, reason: str
) -> None:
    server.status, server.body = status, body
    result = run(service, "bm25,fake,rrf(bm25+fake),tiny")
    assert [isinstance(column, Failure) for column in result.columns] == [False, True, True, False]
    assert reason in str(result.failures[0].reason)
    assert "Fake remote, RRF (BM25 + Fake remote) failed" in str(summary(result))
    assert reason in as_json(result)["rankers"][1]["failure"]
    assert "fake rank" not in as_csv(result)


# ---- in an evaluation ----------------------------------------------------------------------------------------------


def evaluated(service: RankingService, rankers: str) -> Any:
    judged = Judged.bundled(collection_of())
    plan = set_up(
        judged, service.rankers.read_all(rankers), parse_measures("ndcg@10"), service.default_first_stage(), depth=3
    )
    return run_queries(plan).run()


def test_it_is_evaluated(service: RankingService) -> None:
    found = evaluated(service, "fake,rrf(bm25+fake)")
    (outcome,) = found.outcomes
    assert [ranking.ranker.key for ranking in outcome.rankings] == ["bm25", "fake", "rrf(bm25+fake)"]
    assert outcome.ranked(1)[0] == "d3"
    assert found.failures == ()


def test_its_failure_is_told_and_the_others_are_evaluated(service: RankingService, server: Server) -> None:
    server.status = 500
    found = evaluated(service, "fake,tiny,fake[version=none]")
    assert [ranking.ranker.key for ranking in found.outcomes[0].rankings] == ["bm25", "bundled/tiny"]
    assert {str(failure.reason) for failure in found.failures} == {
        "The server answered with status 500.",
        "The server has no version “none”.",
    }


# ---- on the page ---------------------------------------------------------------------------------------------------


@pytest.fixture
def pane(service: RankingService) -> InputsPane:
    return InputsPane(Settings(), service)


def compared(pane: InputsPane, rankers: Sequence[str], options: CompareOptions = CompareOptions()) -> View[ShownResult]:
    *_, last = CompareTab(pane).run(pane.default_form(), rankers, options, Judgments(), "en")
    assert last.kept is not None, last.status
    return last


def test_it_stands_in_the_menus(service: RankingService) -> None:
    for language in ("en", "zh"):
        assert ("Fake remote", "fake") in ranker_choices(service, False, language)
        assert ("Fake remote", "fake") in reranker_choices(service, language)
    assert str(service.reranker("fake")) == "fake"


@pytest.mark.parametrize("fusion", ["", "rrf", "min-max"])
def test_compare_shows_it(pane: InputsPane, fusion: str) -> None:
    view = compared(pane, ["bm25", "fake", "tiny"], CompareOptions(fusion=fusion))
    for key in ("flow", "table", "agreement", "scores", "speeds", "depths"):
        assert "Fake remote" in str(view.drawn[key]), key


def test_charts_label_its_axis_by_its_kind(service: RankingService) -> None:
    result: Result = run(service, "bm25,fake")
    for chart in RESULT_CHARTS:
        figure = drawn(chart.figure(chart.data(result, RAW), "en"))
        assert str(PROBABILITY.label) in figure.to_json()


def test_its_failure_is_shown_in_compare(pane: InputsPane, server: Server) -> None:
    server.status = 500
    view = compared(pane, ["bm25", "fake", "tiny"])
    assert "The server answered with status 500." in str(view.drawn["headline"])


def test_rerank_takes_it_as_the_reranker(pane: InputsPane) -> None:
    tab = RerankTab(pane)
    *_, view = tab.run(pane.default_form(), pane.service.rankers.read("fake"), Judgments(), "raw", "en")
    assert view.kept is not None, view.status
    assert [ranking.ranker.key for ranking in view.kept.result.rankings] == ["bm25", "fake"]


@pytest.mark.parametrize("text", ["fake", "fake[version=2]", "rrf(bm25+fake)"])
def test_links_hold_it(pane: InputsPane, text: str) -> None:
    ranker = pane.service.rankers.read(text)
    link = Link(pane.default_form(), ranker, (pane.service.rankers.read("bm25"), ranker))
    values = dict(parse_qsl(written(link, pane)))
    assert values["rankers"] == f"bm25,{text}"
    assert read(values, pane) == link


def test_following_a_link_compares_it(pane: InputsPane) -> None:
    tab = CompareTab(pane)
    link = tab.link(pane.default_form(), ["bm25", "fake"])["text"]
    *_, view = tab.opening(dict(parse_qsl(link)), "en")
    assert view.kept is not None
    assert [ranking.ranker.key for ranking in view.kept.result.rankings] == ["bm25", "fake"]


def test_the_saved_page_shows_it_and_holds_its_scores(pane: InputsPane) -> None:
    tab = CompareTab(pane)
    shown = compared(pane, ["bm25", "fake"]).kept
    text = tab.html(shown, Judgments(), CompareOptions(), None, "en")["text"]
    assert "Fake remote" in text
    assert '"score_kind": "probability"' in text.replace("&#34;", '"')


def test_evaluate_shows_it(pane: InputsPane) -> None:
    tab = EvaluateTab(pane)
    form = EvaluateForm(
        COLLECTION, "cities", None, "", None, 10, ("bm25", "fake", "rrf(bm25+fake)"), "", ("ndcg@10",), 1, 5
    )
    *_, view = tab.run(form, EvaluateOptions(), "en")
    assert view.kept is not None, view.status
    data = json.loads(tab.file("json", view.kept, EvaluateOptions("ndcg@10"))["text"])
    assert "fake" in json.dumps(data)
    assert "Fake remote" in str(view.drawn["table"])
