"""`/rerank`, `/compare` and `/evaluate`: the same for programs and agents, as JSON, without a page.

from gradio_client import Client
Client("http://127.0.0.1:7860").predict("a query", ["one passage", "another"], api_name="/rerank")

Each is an endpoint that answers with JSON values and, where the package `mcp` is there, a tool that answers with JSON
text: Gradio hands anything else on to an agent as Python writes it. While the work goes on, an answer holds only
`progress`; the last one is the result. A call that is cancelled, or whose caller goes away, stops between two batches.
 `/gradio_api/info` says all there is to know.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, wraps
from importlib.util import find_spec
from typing import Any

from gradio.context import Context
from gradio.events import api
from gradio.utils import get_function_description

from demo import arguments, evaluation, formats
from demo.errors import InputError
from demo.evaluation import report
from demo.evaluation.protocol import JUDGED, PartialEvaluation, Plan, read_baseline, set_up
from demo.formats.judged import Judged
from demo.messages import Language
from demo.metrics.effectiveness import MOST_GRADE, USUAL, parse_measures
from demo.progress import Progress, Steps
from demo.rankers.protocol import Ranker
from demo.rankers.text_form import MOST_NAME_CHARS
from demo.records import Result
from demo.results.change import Pair
from demo.results.report import as_json, json_text, pair_as_json
from demo.service import MOST_RANKERS, RankingService, Request
from demo.settings import Settings
from demo.ui import wording as w
from demo.ui.page import current_request, current_visitor
from demo.ui.progress import seldom

MOST_NUMBER = 10**9

Json = dict[str, Any]
Passages = list[str | dict[str, str]]

_OBJECT, _LIST = {"type": "object"}, {"type": "array", "items": {"type": "object"}}


@dataclass(frozen=True, slots=True)
class Field:
    """A part of an answer: its JSON type and what it is."""

    schema: Json
    text: str


ANSWERS: dict[str, dict[str, Field]] = {
    "rerank": {
        "results": Field(_LIST, "The passages, best first: doc_id, text, rank, previous_rank, change, both scores."),
        "summary": Field({"type": "string"}, "What the model changes, in a sentence."),
        "agreement": Field(_OBJECT, "Of the two rankings: Kendall's tau-b, overlap of the first k, RBO."),
        "warnings": Field({"type": "array", "items": {"type": "string"}}, "What to know before trusting it."),
        "model": Field({"type": "string"}, "Key of the reranker; beside it how the model was used."),
        "score_kinds": Field(_OBJECT, "What each score is: bm25, logit or probability."),
        "timings": Field(_OBJECT, "Seconds, tokens, pairs, US dollars."),
        "versions": Field(_OBJECT, "Of what the scores depend on."),
    },
    "compare": {
        "rankers": Field(
            _LIST, "In the order asked for: key, label, score_kind, failure (a sentence or null), timings."
        ),
        "results": Field(_LIST, "Each passage with its ranks and scores, by ranker key; null where it was not found."),
        "agreement": Field(_OBJECT, "A matrix for each measure; row i, column j is ranker j against i."),
        "summary": Field({"type": "string"}, "How far they agree, in a sentence."),
        "warnings": Field({"type": "array", "items": {"type": "string"}}, "What to know before trusting it."),
        "versions": Field(_OBJECT, "Of what the scores depend on."),
    },
    "evaluate": {
        "rankers": Field(_LIST, "Each with key, measures (mean, interval, test against the baseline), changes, speed."),
        "failures": Field(_LIST, "Rankers that failed and are left out: key, failure (a sentence)."),
        "measures": Field({"type": "array", "items": {"type": "string"}}, "The measures, as trec_eval names them."),
        "queries": Field({"type": "integer"}, "How many queries were ranked."),
        "baseline": Field({"type": "string"}, "Key of the ranker that the others are tested against."),
        "quality_and_cost": Field(_OBJECT, "Mean and seconds a query of each ranker, by measure."),
        "notes": Field({"type": "array", "items": {"type": "string"}}, "What to know before trusting it."),
        "versions": Field(_OBJECT, "Of what the scores depend on."),
    },
}
"""What the answers hold, as far as it is worth a word."""


@dataclass(frozen=True, slots=True)
class Work:
    """What an endpoint does: the steps, and what becomes of their value."""

    steps: Steps[Any]
    answer: Callable[[Any], Json]


class Endpoints:
    """What can be asked for; a method is an endpoint, its docstring the description."""

    def __init__(self, settings: Settings, service: RankingService) -> None:
        self._settings = settings
        self._service = service
        self._limits = formats.Limits.from_settings(settings)

    def rerank(
        self,
        query: str,
        passages: Passages,
        model: str = "",
        windows: bool = False,
        first_stage: str = "",
        depth: int = 0,
    ) -> Work:
        """Ranks passages by BM25 and by a cross-encoder, and says what changed.

        Args:
            query: a question or a few words.
            passages: the texts, or objects with text and perhaps id and title; who has no id gets its place.
            model: a model of the Models tab by its key, or a remote reranker as remote(name); empty takes the default.
            windows: score long passages in overlapping windows, best window wins.
            first_stage: what chooses the passages to rerank, such as "bm25[k1=1.2]"; empty takes BM25.
            depth: how many of the first stage's best to rerank; 0 takes as many as allowed.
        """
        service, request = self._service, self._request(query, passages, first_stage, depth)
        name = arguments.text("model", model, MOST_NAME_CHARS)
        reranker = service.reranker(name, windows=arguments.yes("windows", windows))
        return Work(service.run(request, (request.first, reranker), self._visitor(), "/rerank"), _pair)

    def compare(
        self, query: str, passages: Passages, rankers: list[str], first_stage: str = "", depth: int = 0
    ) -> Work:
        """Ranks passages by any number of rankers, and says how far they agree.

        Args:
            query: a question or a few words.
            passages: the texts, or objects with text and perhaps id and title; who has no id gets its place.
            rankers: such as "bm25", "bm25[k1=1.2]", "bundled/tiny", "rrf(bm25+bundled/tiny)", "remote(name)".
            first_stage: what chooses the passages to rerank, such as "bm25[k1=1.2]"; empty takes BM25.
            depth: how many of the first stage's best to rerank; 0 takes as many as allowed.
        """
        request, chosen = self._request(query, passages, first_stage, depth), self._rankers(rankers)
        return Work(self._service.run(request, chosen, self._visitor(), "/compare"), as_json)

    def _visitor(self) -> str:
        return current_visitor(self._settings.proxies)

    def _rankers(self, rankers: list[str]) -> tuple[Ranker, ...]:
        texts = arguments.texts("rankers", rankers, MOST_RANKERS, MOST_NAME_CHARS)
        return self._service.rankers.read_all(texts)

    def _request(self, query: str, passages: Passages, first_stage: str, depth: int) -> Request:
        query = arguments.text("query", query, self._settings.max_query_chars)
        rows = arguments.passages("passages", passages, self._settings.max_passages)
        first_stage = arguments.text("first_stage", first_stage, MOST_NAME_CHARS)
        depth = arguments.whole("depth", depth, 0, self._settings.max_candidates)
        first = self._service.rankers.read(first_stage) if first_stage else self._service.default_first_stage()
        return Request(query, formats.from_texts(rows, self._limits), first, depth)

    def evaluate(
        self,
        collection: str,
        rankers: list[str],
        candidates: str = "",
        depth: int = 100,
        measures: str = "",
        queries: int = 0,
        relevant_from: int = 1,
        baseline: str = "",
    ) -> Work:
        """Measures rankers on a judged collection that comes with the app, with intervals and tests.

        Args:
            collection: its key, such as "cities"; an unknown one is answered with the list of all.
            rankers: such as "bm25", "bundled/tiny", "rrf(bm25+bundled/tiny)", "remote(name)".
            candidates: a first stage, "judged" for the judged passages of each query; empty takes BM25.
            depth: candidates of each query.
            measures: as trec_eval names them, such as "ndcg@10 mrr"; empty takes the usual ones.
            queries: only the first so many; 0 takes all.
            relevant_from: lowest grade that is relevant for binary measures.
            baseline: the ranker that the others are tested against; empty takes the first.
        """
        texts = {"collection": collection, "candidates": candidates, "measures": measures, "baseline": baseline}
        for name, value in texts.items():
            arguments.text(name, value, MOST_NAME_CHARS)
        arguments.whole("depth", depth, 1, self._settings.max_candidates)
        arguments.whole("queries", queries, 0, MOST_NUMBER)
        arguments.whole("relevant_from", relevant_from, 1, MOST_GRADE)
        service = self._service
        judged = Judged.bundled(service.collection(collection))
        asked = candidates if candidates in ("", JUDGED) else service.rankers.read(candidates)
        chosen = parse_measures(measures) if measures else USUAL
        first = service.default_first_stage()
        wanted = self._rankers(rankers)
        plan = set_up(judged, wanted, chosen, first, asked, depth, queries or None)
        baseline = read_baseline(baseline, plan, service.rankers)  # told before the work, not after it
        keys = frozenset(ranker.spec.key for ranker in wanted)
        return Work(service.evaluate(plan, self._visitor()), partial(_figures, plan, keys, baseline, relevant_from))


def _pair(result: Result) -> Json:
    if result.failures:
        raise InputError(result.failures[0].reason)
    return pair_as_json(Pair.of(result))


def _figures(plan: Plan, wanted: frozenset[str], baseline: str, relevant_from: int, found: PartialEvaluation) -> Json:
    """The figures of the rankers that did not fail.

    Raises:
        InputError: the baseline failed, or all that were wanted.
    """
    nothing_left = wanted <= {failure.ranker.key for failure in found.failures}
    for failure in found.failures:
        if nothing_left or failure.ranker.key == baseline:
            raise InputError("{ranker}: {reason}", ranker=failure.ranker.key, reason=failure.reason)
    figures = evaluation.evaluate(
        found.outcomes, plan.collection, plan.measures, baseline, relevant_from, plan.candidates.notes
    )
    answer = report.as_json(figures, found.outcomes, plan.collection, plan.candidates.first is not None)
    failures = [{"key": failure.ranker.key, "failure": str(failure.reason)} for failure in found.failures]
    return {**answer, "failures": failures}


# ---- as Gradio wants them ------------------------------------------------------------------------------------------


def has_mcp(settings: Settings) -> bool:
    """Whether the page is a server of MCP tools: it is wanted, and the package is there."""
    return settings.protocols and find_spec("mcp") is not None


def add_api(settings: Settings, service: RankingService) -> None:
    """Adds the named endpoints, and the tools, to the page that is being built."""
    endpoints = Endpoints(settings, service)
    for method in (endpoints.rerank, endpoints.compare, endpoints.evaluate):
        name = method.__name__
        call = _as_function(method, lambda answer: answer, Json)
        call.__name__ = f"{name}_values"  # the tool has the plain name
        call.__dict__["_mcp_type"] = "endpoint"  # and this is none
        _publish(call, name, ANSWERS[name])
        if has_mcp(settings):
            _publish(_as_function(method, json_text, str), f"{name}_tool", ANSWERS[name])


def _as_function(method: Callable[..., Work], written: Callable[[Json], Any], answers: Any) -> Callable[..., Any]:
    """The method as a function of its own, whose types are no longer texts."""

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Iterator[Any]:
        language = w.language_of(current_request())
        work = method(*args, **kwargs)
        for step in seldom(work.steps):
            yield written({"progress": _as_json(step, language)})
        yield written(work.answer(work.steps.result))

    signature = inspect.signature(method, eval_str=True).replace(return_annotation=answers)
    types = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    call.__dict__["__signature__"] = signature
    call.__annotations__ = {**types, "return": answers}
    return call


def _publish(call: Callable[..., Any], name: str, answer: dict[str, Field]) -> None:
    """Adds the endpoint. Gradio calls parameters “1st”, “2nd”… and says nothing of them, so that is put right here."""
    api(call, api_name=name, concurrency_limit=None, concurrency_id="ranking")
    page = Context.root_block
    assert page is not None
    block: Any = list(page.fns.values())[-1]
    _, texts, _ = get_function_description(call)
    for component, (parameter, text) in zip(block.inputs, texts.items(), strict=True):
        component.label = parameter
        component._api_info = {**component._api_info, "description": text, "additional_description": text}
    (output,) = block.outputs
    output.label = "answer"
    output._api_info = {**output._api_info, **_described(answer, output._api_info)}


def _described(answer: dict[str, Field], schema: Json) -> Json:
    """What the answer holds, as a JSON schema; of a text only in words."""
    words = " ".join(f"{name}: {field.text}" for name, field in answer.items())
    if schema.get("type") == "string":
        return {"description": f"JSON. {words}", "additional_description": f"JSON. {words}"}
    properties = {name: {**field.schema, "description": field.text} for name, field in answer.items()}
    return {"properties": properties}


def _as_json(step: Progress, language: Language) -> Json:
    """How far the work is, for whoever waits."""
    return {"stage": step.stage, "done": step.done, "total": step.total, "detail": step.detail.to(language)}
