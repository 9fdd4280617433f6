"""The endpoints for programs, asked by a real client at a real server: answers, wrong arguments, cancelled calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from fakes import FakeSource, SlowModel, service_with
from gradio_client import Client
from gradio_client.exceptions import AppError
from served_app import served

from demo.service import RankingService
from demo.settings import Settings

QUERY, PASSAGES = "berlin", ["Berlin is big.", "Cork is a bark."]
MANY = [f"passage {number} about berlin" for number in range(400)]  # 200 batches of a tenth of a second


@dataclass
class Server:
    """An app with a slow model.

    Attributes:
        model: what was scored stands in `scored`.
    """

    url: str
    service: RankingService
    model: SlowModel

    def wait_until(self, true: Callable[[], bool], seconds: float = 30) -> None:
        end = monotonic() + seconds
        while not true():
            assert monotonic() < end, "it did not come true"
            sleep(0.05)

    def is_idle(self) -> bool:
        return not any(self.service.turns.counts().values())

    def stays_idle_when(self, gone: Callable[[], Any]) -> None:
        """Lets the work begin, calls `gone`, and sees that the work stops early and for good."""
        before = len(self.model.scored)
        self.wait_until(lambda: len(self.model.scored) > before + 4)
        gone()
        at_once = len(self.model.scored)
        self.wait_until(self.is_idle)
        stopped = len(self.model.scored)
        assert stopped - at_once < 100, "less than a quarter of the work was done after the end"
        sleep(0.5)
        assert len(self.model.scored) == stopped


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    model, made = SlowModel(), list[RankingService]()

    def make(settings: Settings) -> RankingService:
        made.append(service_with(FakeSource(model), settings))
        return made[0]

    with served(make) as url:
        yield Server(url.rstrip("/"), made[0], model)


@pytest.fixture(scope="module")
def client(server: Server) -> Client:
    return Client(server.url, verbose=False)


def test_rerank_answers_with_both_rankings(client: Client) -> None:
    answer = client.predict(QUERY, PASSAGES, api_name="/rerank")
    assert [row["doc_id"] for row in answer["results"]] == ["1", "2"]
    assert answer["model"] == "bundled/tiny"


def test_compare_answers_with_all_rankers(client: Client) -> None:
    answer = client.predict(QUERY, [{"id": "a", "text": "Berlin"}, "Cork"], ["bm25", "tiny"], api_name="/compare")
    assert [row["key"] for row in answer["rankers"]] == ["bm25", "bundled/tiny"]
    assert {row["doc_id"] for row in answer["results"]} == {"a", "2"}


def test_the_baseline_is_written_as_rankers_are(client: Client) -> None:
    rankers = ["bm25", "bm25[variant=okapi]"]
    found = client.predict("cities", rankers, "", 5, "mrr", 1, 1, "bm25[variant=okapi;b=0.75]", api_name="/evaluate")
    assert found["baseline"] == "bm25[variant=okapi]"


def test_what_comes_before_the_answer_is_progress(client: Client) -> None:
    job = client.submit(QUERY, MANY[:20], api_name="/rerank")
    assert "results" in job.result()
    assert {"stage", "done", "total", "detail"} == set(job.outputs()[0]["progress"])


def test_plain_http_gets_the_answer_in_its_last_event(server: Server) -> None:
    address = f"{server.url}/gradio_api/call/rerank"
    event = httpx.post(address, json={"data": [QUERY, PASSAGES, "", False, "", 0]}).json()["event_id"]
    lines = httpx.get(f"{address}/{event}", timeout=30).text.splitlines()
    assert "event: complete" in lines
    assert "results" in json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: "))[0]


# ---- wrong arguments ---------------------------------------------------------------------------------------------

NOT_TEXTS = [None, 3, 1.5, True, ["a"], {"a": 1}]
NOT_LISTS = [None, 3, 1.5, True, "abc", {"a": 1}]
WRONG = [
    *(("/rerank", "query", (value, PASSAGES)) for value in NOT_TEXTS),
    *(("/rerank", "passages", (QUERY, value)) for value in NOT_LISTS),
    *(("/rerank", "passages[1]", (QUERY, ["a", value])) for value in (None, 3, 1.5, True, ["a"])),
    *(("/rerank", "model", (QUERY, PASSAGES, value)) for value in NOT_TEXTS),
    *(("/rerank", "windows", (QUERY, PASSAGES, "", value)) for value in (None, 3, 1.5, "no", ["a"], {"a": 1})),
    *(("/compare", "query", (value, PASSAGES, ["bm25"])) for value in NOT_TEXTS),
    *(("/compare", "passages", (QUERY, value, ["bm25"])) for value in NOT_LISTS),
    *(("/compare", "rankers", (QUERY, PASSAGES, value)) for value in NOT_LISTS),
    *(("/compare", "rankers[0]", (QUERY, PASSAGES, [value])) for value in NOT_TEXTS),
    ("/rerank", "query", ("x" * 2_001, PASSAGES)),
    ("/compare", "rankers", (QUERY, PASSAGES, ["bm25"] * 9)),
    ("/compare", "rankers[0]", (QUERY, PASSAGES, ["x" * 2_001])),
]


@pytest.mark.parametrize(("endpoint", "name", "values"), WRONG)
def test_a_wrong_argument_is_named(client: Client, endpoint: str, name: str, values: tuple[Any, ...]) -> None:
    with pytest.raises(AppError) as refused:
        client.predict(*values, api_name=endpoint)
    assert str(refused.value).startswith(f"“{name}” ")
    assert len(str(refused.value)) < 200


REFUSED = [
    ("/rerank", ("", PASSAGES), "query is empty"),
    ("/rerank", (QUERY, []), "at least one|no passages|no text|empty"),
    ("/rerank", (QUERY, ["", " "]), "at least one|no passages|no text|empty"),
    ("/rerank", (QUERY, PASSAGES, "no/such"), "No model"),
    ("/compare", (QUERY, PASSAGES, []), "No ranker is named"),
    ("/evaluate", ("cities", ["bm25"], "", 100, "", 0, 1, "nobody"), "There is no ranker “nobody” to compare with"),
    ("/evaluate", ("cities", ["bm25"], "", 100, "", 0, 2**31), "is 2147483648. Write a whole number from 1 to 100."),
    ("/compare", (QUERY, PASSAGES, ["tiny[max_tokens=" + "9" * 1_000 + "]"]), "Write a"),
    (
        "/compare",
        (QUERY, PASSAGES, ["rrf(" + "+".join(f"tiny[max_tokens={n}]" for n in range(9, 40)) + ")"]),
        "at most 16",
    ),
    ("/compare", (QUERY, MANY, ["rrf(" + "+".join(f"tiny[max_tokens={n}]" for n in range(9, 40)) + ")"]), "at most 16"),
]


@pytest.mark.parametrize(("endpoint", "values", "said"), REFUSED)
def test_what_cannot_be_done_is_said(client: Client, endpoint: str, values: tuple[Any, ...], said: str) -> None:
    with pytest.raises(AppError, match=said) as refused:
        client.predict(*values, api_name=endpoint)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("queue/join", {"fn_index": -1}),
        ("queue/join", {"fn_index": 9_999}),
        ("queue/join", {"fn_index": 10**30}),
        ("run/predict", {"fn_index": 9_999}),
        ("run/nope", {}),
        ("call/nope", {}),
        ("call/v2/nope", {}),
        ("component_server", {"component_id": 9_999, "fn_name": "x"}),
    ],
)
def test_an_event_that_is_not_there_is_told(server: Server, path: str, asked: dict[str, Any]) -> None:
    answer = httpx.post(f"{server.url}/gradio_api/{path}", json={"data": [], "session_hash": "s", **asked})
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("The page has no such event. Load it anew")


@pytest.mark.parametrize("arguments", [{}, {"query": "q", "passages": ["a"], "nope": 1}])
def test_arguments_of_wrong_names_are_told(server: Server, arguments: dict[str, Any]) -> None:
    answer = httpx.post(f"{server.url}/gradio_api/call/v2/rerank", json=arguments)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("The endpoint lacks an argument")


# ---- stopping ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["/rerank", "/compare"])
def test_a_cancelled_call_stops(server: Server, client: Client, endpoint: str) -> None:
    texts = [f"{text} for {endpoint}" for text in MANY]
    more = ["bm25", "tiny"] if endpoint == "/compare" else "tiny"
    job = client.submit(QUERY, texts, more, api_name=endpoint)
    server.stays_idle_when(job.cancel)


def test_a_call_stops_when_its_caller_goes_away(server: Server) -> None:
    texts = [f"{text} for one who goes" for text in MANY]
    address = f"{server.url}/gradio_api/call/rerank"
    event = httpx.post(address, json={"data": [QUERY, texts, "", False, "", 0]}).json()["event_id"]
    with httpx.Client(timeout=30) as caller, caller.stream("GET", f"{address}/{event}") as answer:
        lines = answer.iter_lines()  # the connection is closed when nobody holds this
        assert next(lines) == "event: generating"
        server.stays_idle_when(answer.close)
