"""The protocols beside the page, each in its own words: fields, order, kinds of score, refusals, and stopping."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import exp
from threading import Thread
from time import monotonic, sleep
from typing import Any, ClassVar

import httpx
import pytest
import uvicorn
from fakes import FakeModel, FakeSource, SlowModel, service_with
from fastapi import FastAPI
from fastapi.testclient import TestClient
from served_app import free_port

from demo.api import mount
from demo.errors import BusyError, ModelError
from demo.rankers.cross_encoder.loaded_models import Batch
from demo.records import ModelSpec
from demo.settings import Settings

QUERY = "Berlin inhabitants"
TEXTS = ["four", "a", "three and", ""]
LOGITS = [0.4, 0.1, 0.9, 0.0]
BEST_FIRST = [2, 0, 1, 3]


def tenths(query: str, text: str) -> float:
    """The longer the better."""
    return len(text) / 10


def sigmoid(logit: float) -> float:
    return 1 / (1 + exp(-logit))


@dataclass(frozen=True)
class Spoken:
    """Where a protocol is, what it calls texts and scores, how it lists results and refuses."""

    path: str
    texts: str
    score: str
    results: Callable[[Any], list[dict[str, Any]]]
    sentence: Callable[[Any], str]
    invalid: int


SPOKEN = {
    "tei": Spoken("/rerank", "texts", "score", lambda a: a, lambda a: a["error"], 422),
    "jina": Spoken("/v1/rerank", "documents", "relevance_score", lambda a: a["results"], lambda a: a["detail"], 422),
    "cohere": Spoken("/v2/rerank", "documents", "relevance_score", lambda a: a["results"], lambda a: a["message"], 400),
}
EACH = pytest.mark.parametrize("spoken", SPOKEN.values(), ids=SPOKEN)


def client(model: FakeModel | None = None, error: Exception | None = None, **settings: Any) -> TestClient:
    chosen = Settings(**settings)
    app = FastAPI(openapi_url=None)
    source = FakeSource(model or FakeModel(judge=tenths), error=error)
    mount(app, chosen, service_with(source, chosen))
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


def body(spoken: Spoken, **more: Any) -> dict[str, Any]:
    return {"query": QUERY, spoken.texts: TEXTS, **more}


def results(spoken: Spoken, **more: Any) -> list[dict[str, Any]]:
    answer = client().post(spoken.path, json=body(spoken, **more))
    assert answer.status_code == 200, answer.text
    return spoken.results(answer.json())


def refused(spoken: Spoken, status: int, asked: TestClient | None = None, **more: Any) -> str:
    answer = (asked or client()).post(spoken.path, json=body(spoken, **more))
    assert answer.status_code == status, answer.text
    return spoken.sentence(answer.json())


# ---- answers -------------------------------------------------------------------------------------------------------


@EACH
def test_every_text_is_scored_and_the_best_is_first(spoken: Spoken) -> None:
    found = results(spoken)
    assert [row["index"] for row in found] == BEST_FIRST
    wanted = [sigmoid(LOGITS[index]) for index in BEST_FIRST]
    assert [row[spoken.score] for row in found] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("key", "raw"), [("tei", {"raw_scores": True}), ("jina", {"raw_scores": True}), ("jina", {"use_activation": False})]
)
def test_raw_scores_are_the_models_own(key: str, raw: dict[str, bool]) -> None:
    found = results(SPOKEN[key], **raw)
    assert [row[SPOKEN[key].score] for row in found] == pytest.approx([LOGITS[index] for index in BEST_FIRST], rel=1e-6)


def test_far_logits_do_not_become_the_same_number_by_overflow() -> None:
    asked = client(FakeModel(judge=lambda query, text: -800.0 if text else 800.0))
    found = asked.post("/rerank", json={"query": "q", "texts": ["a", ""]}).json()
    assert [row["score"] for row in found] == [1.0, 0.0]


def test_texts_come_back_if_they_are_asked_for() -> None:
    assert [row["text"] for row in results(SPOKEN["tei"], return_text=True)] == [TEXTS[index] for index in BEST_FIRST]
    assert "text" not in results(SPOKEN["tei"])[0]
    for key, usual in (("jina", True), ("cohere", False)):
        for asked, told in (({}, usual), ({"return_documents": True}, True), ({"return_documents": False}, False)):
            found = results(SPOKEN[key], **asked)
            documents = [row.get("document") for row in found]
            assert documents == [{"text": TEXTS[index]} if told else None for index in BEST_FIRST]


@pytest.mark.parametrize("key", ["jina", "cohere"])
def test_the_first_so_many(key: str) -> None:
    assert [row["index"] for row in results(SPOKEN[key], top_n=2)] == BEST_FIRST[:2]
    assert len(results(SPOKEN[key], top_n=99)) == 4


@pytest.mark.parametrize("key", ["jina", "cohere"])
def test_documents_may_be_objects(key: str) -> None:
    found = results(SPOKEN[key], documents=[{"text": text} for text in TEXTS])
    assert [row["index"] for row in found] == BEST_FIRST


@EACH
def test_the_model_is_any_ranker_that_gives_probabilities(spoken: Spoken) -> None:
    assert results(spoken, model="bundled/tiny[max_tokens=64]") == results(spoken)


@pytest.mark.parametrize(("key", "name"), [("jina", "truncate_prompt_tokens"), ("cohere", "max_tokens_per_doc")])
def test_a_bound_above_the_models_length_changes_nothing(key: str, name: str) -> None:
    assert results(SPOKEN[key], **{name: 4096}) == results(SPOKEN[key])


def test_what_jina_and_cohere_tell_beside_the_results() -> None:
    jina = client().post("/v1/rerank", json=body(SPOKEN["jina"])).json()
    assert (jina["model"], jina["object"]) == ("bundled/tiny", "list")
    assert jina["usage"] == {"prompt_tokens": 14, "total_tokens": 14}  # the fake model reads a token a character
    cohere = client().post("/v2/rerank", json=body(SPOKEN["cohere"])).json()
    assert cohere["meta"]["api_version"] == {"version": "2"}
    assert cohere["id"]


def test_tei_tells_who_ranks() -> None:
    info = client(max_candidates=7).get("/info").json()
    assert (info["model_id"], info["model_sha"], info["max_input_length"]) == ("bundled/tiny", "tiny-1", 512)
    assert (info["max_client_batch_size"], info["model_dtype"]) == (7, "float32")


# ---- refusals ------------------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"query": " "}, "The query is empty. Type a question or a few words."),
        ({"query": None}, "The request cannot be used: query: Input should be a valid string."),
        ({"texts": [], "documents": []}, "at least 1 item"),
        ({"texts": ["a", 1], "documents": ["a", 1]}, "Input should be a valid"),
        ({"texts": ["a", "b" * 31], "documents": ["a", "b" * 31]}, "Document 1 has 31 characters; at most 30"),
        ({"texts": ["a"] * 6, "documents": ["a"] * 6}, "There are 6 documents; at most 5 are ranked at once"),
        ({"model": "bm25"}, "BM25 gives scores that are no probabilities"),
        ({"model": "engine"}, "These passages came without an engine's scores"),
    ],
)  # fmt: skip
def test_bad_requests_are_refused_with_a_sentence(spoken: Spoken, more: dict[str, Any], sentence: str) -> None:
    small = client(max_candidates=5, max_passage_chars=30)
    assert sentence in refused(spoken, spoken.invalid, small, **more)


@EACH
@pytest.mark.parametrize("model", ["nobody", "remote(x)", "rrf(bm25)", "bm25[k1=x]", 'bundled/tiny"'])
def test_an_unknown_model_is_404(spoken: Spoken, model: str) -> None:
    assert refused(spoken, 404, model=model)


@EACH
def test_the_name_of_a_model_is_bounded(spoken: Spoken) -> None:
    said = "“model” has 2,001 characters; at most 2,000 are allowed. Shorten it."
    assert refused(spoken, spoken.invalid, model="a" * 2_001) == said
    many = "rrf(" + "bm25+" * 16 + "bm25)"
    assert refused(spoken, 404, model=many).startswith("A fusion has at most 16 rankers, and rrf was given 17.")


@pytest.mark.parametrize("key", ["jina", "cohere"])
def test_an_instruction_is_bounded(key: str) -> None:
    spoken = SPOKEN[key]
    assert refused(spoken, spoken.invalid, instruction="a" * 2_001).startswith("“instruction” has 2,001 characters")


@EACH
def test_no_more_texts_are_looked_at_than_anybody_ranks(spoken: Spoken) -> None:
    said = refused(spoken, spoken.invalid, **{spoken.texts: [""] * 100_001})
    assert f"{spoken.texts}: List should have at most 100000 items" in said


@EACH
def test_a_model_is_looked_for_beside_the_loop_that_answers_everyone(spoken: Spoken) -> None:
    class Looked(FakeSource):
        in_loop: ClassVar[list[bool]] = []

        def resolve(self, name: str, settings: Settings) -> ModelSpec:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                self.in_loop.append(False)
            else:
                self.in_loop.append(True)
            return super().resolve(name, settings)

    app = FastAPI()
    mount(app, Settings(), service_with(Looked(FakeModel(judge=tenths))))
    Looked.in_loop.clear()
    assert TestClient(app, base_url="http://127.0.0.1").post(spoken.path, json=body(spoken)).status_code == 200
    assert Looked.in_loop
    assert not any(Looked.in_loop)


@EACH
def test_null_is_the_default_model(spoken: Spoken) -> None:
    assert results(spoken, model=None) == results(spoken)


@EACH
@pytest.mark.parametrize(
    "content",
    [b'{"query":', b"[" * 100_000, '{"query": "é"}'.encode("latin-1"), gzip.compress(b"{}"), b"9" * 6_000],
    ids=["half", "deep", "Latin-1", "gzip", "digits"],
)
def test_what_is_no_json(spoken: Spoken, content: bytes) -> None:
    answer = client().post(spoken.path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == spoken.invalid
    assert "is not JSON" in spoken.sentence(answer.json())


@EACH
@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_json_that_does_not_say_so(spoken: Spoken, kind: str) -> None:
    content = json.dumps(body(spoken)).encode()
    answer = client().post(spoken.path, content=content, headers={"Content-Type": kind})
    assert answer.status_code == spoken.invalid
    assert "Send it with Content-Type: application/json." in spoken.sentence(answer.json())


@pytest.mark.parametrize("key", ["jina", "cohere"])
@pytest.mark.parametrize(
    ("document", "said"),
    [
        (1, "documents.0.text: Input should be a valid string"),
        ({"x": "a"}, "documents.0.object.text: Field required"),
        ({"text": 1}, "documents.0.object.text: Input should be a valid string"),
    ],
)
def test_a_wrong_document_is_told_as_what_it_is_meant_to_be(key: str, document: Any, said: str) -> None:
    spoken = SPOKEN[key]
    assert said in refused(spoken, spoken.invalid, documents=[document])


@EACH
def test_half_a_surrogate_pair_is_answered_as_a_question_mark(spoken: Spoken) -> None:
    more = {"return_text" if spoken.path == "/rerank" else "return_documents": True}
    text = json.dumps({**body(spoken, **more), "query": "\ud800", spoken.texts: ["\udfffx"]})
    answer = client().post(spoken.path, content=text.encode(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert '"?x"' in answer.text
    content = json.dumps(body(spoken, model="\ud800")).encode()
    named = client().post(spoken.path, content=content, headers={"Content-Type": "application/json"})
    assert (named.status_code, "?" in spoken.sentence(named.json())) == (404, True)


@EACH
def test_sentences_are_in_the_language_that_is_asked_for(spoken: Spoken) -> None:
    asked = client()
    asked.headers["Accept-Language"] = "zh-CN,zh;q=0.9"
    assert refused(spoken, spoken.invalid, asked, query=" ") == "查询为空。请输入一个问题或几个词。"


@EACH
def test_other_faults_are_told_and_bugs_are_not(spoken: Spoken, caplog: pytest.LogCaptureFixture) -> None:
    broken = client(error=ModelError("The weights are broken. Load them again."))
    assert refused(spoken, 500, broken) == "The weights are broken. Load them again."
    assert "fault of this app" in refused(spoken, 500, client(error=KeyError("secret passage")))
    assert "secret passage" in caplog.text


@pytest.mark.parametrize("key", ["jina", "cohere"])
def test_an_instruction_reaches_the_model(key: str) -> None:
    told: list[str] = []

    class Told(FakeModel):
        def score(self, *args: Any) -> Generator[Batch, None, None]:
            told.append(args[-1])
            return super().score(*args)

    asked = client(Told())
    assert asked.post(SPOKEN[key].path, json=body(SPOKEN[key], instruction=" Find lakes. ")).status_code == 200
    assert told == ["Find lakes."]


@pytest.mark.parametrize("key", ["jina", "cohere"])
def test_an_instruction_needs_a_cross_encoder_named_alone(key: str) -> None:
    spoken = SPOKEN[key]
    sentence = refused(spoken, spoken.invalid, model="bundled/tiny[max_tokens=64]", instruction="Be brief.")
    assert sentence.startswith("Only a cross-encoder named alone takes an instruction.")


def test_tei_refuses_what_cannot_be_read_whole_only_if_told_to() -> None:
    long = {"query": "q", "texts": ["a", "b" * 61]}  # the fake model reads 60
    assert client().post("/rerank", json={**long, "truncate": True}).status_code == 200
    answer = client().post("/rerank", json={**long, "truncate": False})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("Text 1 has 61 tokens with the query, and the model reads 60.")
    assert answer.json()["error_type"] == "Validation"


def test_one_setting_turns_all_of_it_off() -> None:
    off = client(protocols=False)
    assert [off.post(row.path, json=body(row)).status_code for row in SPOKEN.values()] == [404] * 3
    assert off.get("/info").status_code == 404


def test_openapi_tells_all_of_it() -> None:
    paths = client().get("/openapi.json").json()["paths"]
    assert set(paths) == {"/rerank", "/info", "/v1/rerank", "/v2/rerank"}
    for spoken in SPOKEN.values():
        told = {"200", str(spoken.invalid), "404", "429", "4XX", "500", "502"}
        assert set(paths[spoken.path]["post"]["responses"]) == told


@EACH
def test_who_is_asked_to_come_back_is_told_when(spoken: Spoken) -> None:
    asked = client(error=BusyError("Too many.", retry_seconds=1.2))
    assert refused(spoken, 429, asked) == "Too many."
    assert asked.post(spoken.path, json=body(spoken)).headers["retry-after"] == "2"


# ---- a client that goes away ---------------------------------------------------------------------------------------


@contextmanager
def listening(model: FakeModel) -> Iterator[str]:
    """The address of the protocols alone, served over a real connection."""
    app = FastAPI()
    mount(app, Settings(), service_with(FakeSource(model)))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@EACH
def test_work_stops_when_the_client_goes(spoken: Spoken) -> None:
    model = SlowModel(judge=tenths)
    with listening(model) as url:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(url + spoken.path, json=body(spoken, **{spoken.texts: list(map(str, range(400)))}), timeout=1)
        end = monotonic() + 20
        while not model.closed and monotonic() < end:
            sleep(0.05)
        assert model.closed
        assert 0 < len(model.scored) < 400
