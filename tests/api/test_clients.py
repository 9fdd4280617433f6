"""Clients that nobody here wrote, and the app as its own client, against the running app: all get the same scores."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from math import exp
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from served_app import free_port, served

from demo.settings import Settings

QUERY = "When does the library open?"
TEXTS = [
    "Cork is a bark.",
    "The library opens at nine.",
    "Libraries lend books, and this one opens late on Mondays.",
    "柏林的图书馆九点开门。",
]
TIES = 1e-6


def with_itself() -> Settings:
    """Settings of an app that has itself as a remote reranker, in each protocol it speaks."""
    port = free_port()
    tables = (
        f'[{protocol}]\nprotocol = "{protocol}"\naddress = "http://127.0.0.1:{port}"\nmodel = "bundled/medium"\n'
        "max_passages = 3\nbackoff_seconds = 0.01\n"
        for protocol in ("tei", "jina", "cohere", "vllm")
    )
    return Settings(port=port, remotes="".join(tables))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(settings=with_itself()) as address:
        yield address.rstrip("/")


@pytest.fixture(scope="module")
def logits(url: str) -> dict[str, float]:
    """Text → score, as the named endpoint gives it."""
    answer = Client(url, verbose=False).predict(query=QUERY, passages=TEXTS, model="bundled/medium", api_name="/rerank")
    assert answer["score_kinds"]["score"] == "logit"
    return {row["text"]: row["score"] for row in answer["results"]}


@pytest.fixture(scope="module")
def probabilities(logits: dict[str, float]) -> list[float]:
    return [1 / (1 + exp(-logits[text])) for text in TEXTS]


def best_first(values: list[float]) -> list[int]:
    return sorted(range(len(values)), key=lambda index: -values[index])


# ---- the app itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["tei", "jina", "cohere", "vllm"])
def test_the_app_is_a_remote_reranker_of_itself(
    url: str, logits: dict[str, float], probabilities: list[float], protocol: str
) -> None:
    key = f"remote({protocol})"
    answer = Client(url, verbose=False).predict(
        query=QUERY, passages=TEXTS, rankers=["bundled/medium", key, f"rrf(bm25+{key})"], api_name="/compare"
    )
    assert [ranker["failure"] for ranker in answer["rankers"]] == [None] * 3
    for row in answer["results"]:
        if protocol == "tei":
            assert row["scores"][key] == pytest.approx(logits[row["text"]], abs=TIES)
        else:
            assert row["scores"][key] == pytest.approx(probabilities[TEXTS.index(row["text"])], abs=TIES)
        assert row["ranks"][key] == row["ranks"]["bundled/medium"]


def test_remote_rankers_are_evaluated(url: str) -> None:
    answer = Client(url, verbose=False).predict(
        collection="cities", rankers=["bundled/medium", "remote(tei)"], queries=2, depth=5, api_name="/evaluate"
    )
    tiny, far = (ranker["measures"] for ranker in answer["rankers"] if ranker["key"] != "bm25")
    assert {name: row["mean"] for name, row in far.items()} == {name: row["mean"] for name, row in tiny.items()}


def test_a_bad_call_is_a_sentence(url: str) -> None:
    with pytest.raises(AppError, match="There is no collection “nowhere”"):
        Client(url, verbose=False).predict("nowhere", ["bm25"], api_name="/evaluate")


# ---- others --------------------------------------------------------------------------------------------------------


def test_curl(url: str, logits: dict[str, float]) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    body = json.dumps({"query": QUERY, "texts": TEXTS, "raw_scores": True})
    command = ["curl", "-sS", f"{url}/rerank", "-H", "Content-Type: application/json", "-d", body]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)
    assert {TEXTS[row["index"]]: row["score"] for row in answer} == pytest.approx(logits, abs=TIES)
    assert [row["index"] for row in answer] == best_first([logits[text] for text in TEXTS])


def test_cohere(url: str, probabilities: list[float]) -> None:
    cohere = pytest.importorskip("cohere", reason="the package cohere is not installed")
    client = cohere.ClientV2(api_key="none", base_url=url)
    answer = client.rerank(model="bundled/medium", query=QUERY, documents=TEXTS, top_n=3)
    assert [row.index for row in answer.results] == best_first(probabilities)[:3]
    for row in answer.results:
        assert row.relevance_score == pytest.approx(probabilities[row.index], abs=TIES)
    with pytest.raises(cohere.errors.NotFoundError) as caught:
        client.rerank(model="remote(nobody)", query=QUERY, documents=TEXTS)
    assert "There is no remote reranker “nobody”" in str(caught.value.body)
    with pytest.raises(cohere.errors.BadRequestError):
        client.rerank(model="bundled/medium", query=" ", documents=TEXTS)


@pytest.mark.parametrize(
    ("provider", "path"), [("cohere", "/v2/rerank"), ("jina", "/v1/rerank"), ("text-embeddings-inference", "/rerank")]
)
def test_rerankers(url: str, probabilities: list[float], provider: str, path: str) -> None:
    api = pytest.importorskip("rerankers.models.api_rankers", reason="the package rerankers is not installed")
    ranker = api.APIRanker("bundled/medium", "none", provider, verbose=0, url=url + path)
    found = ranker.rank(QUERY, TEXTS)
    assert [result.text for result in found.results] == [TEXTS[index] for index in best_first(probabilities)]
    for result in found.results:
        assert result.score == pytest.approx(probabilities[TEXTS.index(result.text)], abs=TIES)


def test_mcp(url: str, logits: dict[str, float]) -> None:
    mcp = pytest.importorskip("mcp", reason="the package mcp is not installed")

    async def tools(session: Any) -> Any:
        return await session.list_tools()

    async def ranked(session: Any) -> Any:
        return await session.call_tool("rerank", {"query": QUERY, "passages": TEXTS, "model": "bundled/medium"})

    async def refused(session: Any) -> Any:
        return await session.call_tool("compare", {"query": " ", "passages": TEXTS, "rankers": ["bm25"]})

    listed = {tool.name: tool for tool in talk(mcp, url, tools).tools}
    assert set(listed) == {"rerank", "compare", "evaluate"}
    for tool in listed.values():
        assert tool.description
        assert all(schema["description"] for schema in tool.inputSchema["properties"].values())
    assert set(listed["rerank"].inputSchema["required"]) == {"query", "passages"}
    answer = talk(mcp, url, ranked)
    values = json.loads(answer.content[0].text)
    assert {row["text"]: row["score"] for row in values["results"]} == pytest.approx(logits, abs=TIES)
    failed = talk(mcp, url, refused)
    assert failed.isError
    assert "The query is empty" in failed.content[0].text


def talk(mcp: Any, url: str, say: Callable[[Any], Awaitable[Any]]) -> Any:
    """What a session with the page's MCP server brings."""
    from mcp.client import streamable_http

    async def session() -> Any:
        async with (
            streamable_http.streamable_http_client(f"{url}/gradio_api/mcp/") as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await say(session)

    return asyncio.run(session())


# ---- what is told of the endpoints ---------------------------------------------------------------------------------


def test_the_info_alone_is_enough(url: str) -> None:
    endpoints = httpx.get(f"{url}/gradio_api/info").json()["named_endpoints"]
    assert {"/rerank", "/compare", "/evaluate"} <= set(endpoints)
    for endpoint in endpoints.values():
        assert endpoint["description"]
        for parameter in endpoint["parameters"]:
            assert parameter["label"] == parameter["parameter_name"]
            assert parameter["python_type"]["description"]
            assert parameter["python_type"]["type"] != "Any"
        (answer,) = endpoint["returns"]
        assert answer["label"] == "answer"
        assert answer["type"].get("properties") or answer["python_type"]["description"]


@pytest.mark.parametrize("name", ["rerank", "compare", "evaluate"])
def test_the_answer_holds_what_is_told_of_it(url: str, name: str) -> None:
    values = {
        "rerank": {"query": QUERY, "passages": TEXTS},
        "compare": {"query": QUERY, "passages": [{"id": "x", "text": "a"}, "b"], "rankers": ["bm25"], "depth": 1},
        "evaluate": {"collection": "cities", "rankers": ["bm25"], "queries": 1},
    }[name]
    told = httpx.get(f"{url}/gradio_api/info").json()["named_endpoints"][f"/{name}"]["returns"][0]["type"]["properties"]
    answer = Client(url, verbose=False).predict(**values, api_name=f"/{name}")
    types = {"object": dict, "array": list, "string": str, "integer": int}
    for key, schema in told.items():
        assert isinstance(answer[key], types[schema["type"]]), key


def test_without_the_setting_the_page_is_only_a_page() -> None:
    with served(settings=replace(Settings(), protocols=False)) as address:
        assert httpx.post(f"{address}rerank", json={"query": QUERY, "texts": TEXTS}).status_code in (404, 405)
        assert httpx.get(f"{address}info").status_code == 404
        assert httpx.post(f"{address}gradio_api/mcp/", json={}).status_code in (404, 405)
        names = httpx.get(f"{address}gradio_api/info").json()["named_endpoints"]
        assert set(names) == {"/rerank", "/compare", "/evaluate"}
