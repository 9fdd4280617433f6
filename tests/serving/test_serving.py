"""Real replicas of Ray Serve on this machine: equal scores, protocols, a replica that dies, an update under load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import httpx
import numpy as np
import pytest
import yaml
from fakes import collection_of
from served_app import free_port

from demo.errors import InputError
from demo.rankers.cross_encoder.elsewhere.wire import PATH, Work, refusal_from_json
from demo.records import Passage, Ranking, Result
from demo.service import RankingService
from demo.settings import PREFIX, Settings

pytestmark = pytest.mark.ray

STORE_BYTES = 200_000_000
RANKERS = "bundled/tiny, bundled/small, tiny[windows], rrf(bm25+bundled/tiny), small[max_tokens=48]"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of two replicas on this machine; Ray ends with the module."""
    import ray
    from ray import serve

    port = free_port()
    ray.init(num_cpus=2, object_store_memory=STORE_BYTES, include_dashboard=False, log_to_driver=False)
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        deploy()
        yield f"http://127.0.0.1:{port}"
    finally:
        serve.shutdown()
        ray.shutdown()


def deploy(**options: Any) -> None:
    from ray import serve

    from demo.serving import Options, app

    serve.run(app(Options(replicas=2, cpus=0.5, **options)), name="lens", route_prefix="/")


def page_of(address: str = "") -> RankingService:
    """A page that scores there; by itself for ""."""
    return RankingService(Settings(serving=address, threads=1), recordings=None)


def compare(service: RankingService, query: str = "") -> Result:
    request = service.worked_example()
    return service.run(request, service.rankers.read_all(RANKERS)).run()


@contextmanager
def load(address: str, threads: int = 4) -> Iterator[list[Ranking]]:
    """Pages that rank without a pause, each time something new, until the block ends; a request that fails raises."""
    stop, done = Event(), list[Ranking]()

    def visit(visitor: int) -> None:
        service, number = page_of(address), 0
        ranker, collection = service.rankers.read("bundled/tiny"), service.worked_example().collection
        while not stop.is_set():
            number += 1
            done.append(service.rank(ranker, f"question {number} of {visitor}", collection).run())

    with ThreadPoolExecutor(threads) as pool:
        visits = [pool.submit(visit, number) for number in range(threads)]
        try:
            yield done
        finally:
            stop.set()
        for each in visits:
            each.result()


def wait_for_more(done: list[Ranking], more: int = 8) -> None:
    """Until so many requests more were answered."""
    wanted = len(done) + more
    for _ in range(600):
        if len(done) >= wanted:
            return
        sleep(0.1)
    raise AssertionError(f"{len(done)} of {wanted} requests were answered")


# ---- equal -------------------------------------------------------------------------------------------------------


def test_a_page_has_the_same_rankers_and_scores(address: str) -> None:
    here, there = compare(page_of()), compare(page_of(address))
    assert not there.failures
    for own, other in zip(here.rankings, there.rankings, strict=True):
        assert (own.ranker.key, own.ranker.label, own.extents) == (other.ranker.key, other.ranker.label, other.extents)
        assert np.abs(own.scores - other.scores).max() < 1e-4
    assert [each.ranker.model and each.ranker.model.revision for each in here.rankings] == [
        each.ranker.model and each.ranker.model.revision for each in there.rankings
    ]


def test_scores_that_the_page_has_are_not_asked_for_again(address: str) -> None:
    service = page_of(address)
    compare(service)
    again = compare(service)
    assert {each.cost.kept_pairs for each in again.rankings if each.ranker.model} == {again.size}


def test_what_a_model_refuses_is_said_as_on_this_machine(address: str) -> None:
    for written in ("tiny[max_tokens=3]", "tiny[instruction=x]", "tiny[precision=fp16]"):
        reasons = []
        for service in (page_of(), page_of(address)):
            result = service.run(service.worked_example(), service.rankers.read_all(written)).run()
            reasons.append([failure.reason for failure in result.failures])
        assert reasons[0] == reasons[1]
        assert len(reasons[0]) == 1


def test_an_explanation_is_the_same(address: str) -> None:
    found = []
    for service in (page_of(), page_of(address)):
        request = service.worked_example()
        query = request.collection.queries[0]
        steps = service.explain(service.rankers.read("bundled/tiny"), query, request.collection, 0)
        assert steps is not None
        explained: Any = steps.run()
        found.append([(effect.start, effect.end, effect.value) for effect in explained.of_passage])
    assert [each[:2] for each in found[0]] == [each[:2] for each in found[1]]
    assert [each[2] for each in found[0]] == pytest.approx([each[2] for each in found[1]], abs=2e-4)


# ---- protocols ---------------------------------------------------------------------------------------------------

TEXTS = ["At nine.", "Cork is a bark.", "It opens at nine in the morning."]


@pytest.mark.parametrize(
    ("path", "body", "rows", "score"),
    [
        ("/rerank", {"texts": TEXTS, "raw_scores": True}, None, "score"),
        (
            "/v1/rerank",
            {"documents": TEXTS, "model": "bundled/tiny", "use_activation": False},
            "results",
            "relevance_score",
        ),
    ],
)
def test_protocols_answer_with_the_models_scores(
    address: str, path: str, body: dict[str, Any], rows: str | None, score: str
) -> None:
    query = "When does it open?"
    answer = httpx.post(address + path, json={"query": query, **body}, timeout=60).json()
    found = {row["index"]: row[score] for row in (answer[rows] if rows else answer)}
    service = page_of()
    passages = tuple(Passage(str(place), text) for place, text in enumerate(TEXTS))
    ranking = service.rank(service.cross_encoder(), query, collection_of(passages)).run()
    assert [found[index] for index in range(3)] == pytest.approx(ranking.scores.tolist(), abs=1e-4)


def test_health_and_figures_are_there(address: str) -> None:
    assert httpx.get(address + "/health").json()["status"] == "ok"
    assert "rerank_lens_requests_total" in httpx.get(address + "/metrics").text
    assert set(httpx.get(address + "/openapi.json").json()["paths"]) == {"/rerank", "/info", "/v1/rerank", "/v2/rerank"}


def test_other_bodies_are_refused(address: str) -> None:
    answer = httpx.post(address + PATH, content=b"{}")
    assert answer.status_code == 422
    assert isinstance(refusal_from_json(answer.content), InputError)
    many = Work("bundled/tiny", "fp32", "q", ("x",) * 1_001)
    assert "1,001 documents" in str(refusal_from_json(httpx.post(address + PATH, content=many.to_json()).content))
    assert json.loads(httpx.post(address + "/rerank", json={"query": "q"}).text)["error_type"] == "Validation"


def test_a_page_knows_where_the_servers_have_their_weights(address: str) -> None:
    assert httpx.get(address + "/models", timeout=60).json()["bundled/tiny"] == "bundled"
    found = {row.spec.key: row.where for row in page_of(address).models()}
    assert found["bundled/tiny"] == "bundled"


def test_the_front_lets_through_what_the_replicas_take() -> None:
    from demo.serving import Options, with_settings

    front = with_settings(Options(replicas=3, most_ongoing=5), Settings())._bound_deployment
    _, settings = front.init_args
    assert (settings.max_small, settings.max_large) == (15, 15)


def test_the_file_for_a_cluster_says_what_can_be_said() -> None:
    from demo.serving import Options

    path = Path(__file__).resolve().parent.parent.parent / "demo" / "serving" / "cluster.yaml"
    (application,) = yaml.safe_load(path.read_text("utf-8"))["applications"]
    assert application["import_path"] == "demo.serving:app"
    assert application["args"].keys() <= Options.model_fields.keys()
    assert Options(**application["args"]).most_replicas == 8
    known = {PREFIX + row.name.upper() for row in fields(Settings)}
    assert application["runtime_env"]["env_vars"].keys() <= known


# ---- under load --------------------------------------------------------------------------------------------------


def replicas() -> list[Any]:
    """Actors that score."""
    import ray

    names = [each["name"] for each in ray.util.list_named_actors(all_namespaces=True) if "#Scorer#" in each["name"]]
    return [ray.get_actor(name, namespace="serve") for name in names]


def test_a_replica_that_is_killed_loses_no_request(address: str) -> None:
    import ray

    with load(address) as done:
        wait_for_more(done)
        victim = replicas()[0]
        ray.kill(victim, no_restart=True)
        wait_for_more(done, 40)
    assert all(np.isfinite(ranking.scores).all() for ranking in done)


def test_an_update_fails_no_request(address: str) -> None:
    before = {str(each) for each in replicas()}
    with load(address) as done:
        wait_for_more(done)
        deploy(version="2")
        wait_for_more(done)
    assert before.isdisjoint(str(each) for each in replicas())
    assert all(ranking.scores.size for ranking in done)
