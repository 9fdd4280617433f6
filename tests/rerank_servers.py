"""Rerankers behind an address, as their makers document them: one small server that speaks each protocol and can fail.

The protocols are written down here a second time, from the published specifications, so that what the app sends is
held against something that it did not write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import exp
from threading import Lock, Thread
from time import sleep
from typing import Any

Judge = Callable[[str, str], float]


def length_logit(query: str, text: str) -> float:
    """The shorter the better, and below 1."""
    return 1.0 - len(text) / 16


def sigmoid(logit: float) -> float:
    return 1 / (1 + exp(-logit))


def _ranked(scores: Sequence[float], name: str, top: int | None = None) -> list[dict[str, Any]]:
    rows = [{"index": index, name: score} for index, score in enumerate(scores)]
    return sorted(rows, key=lambda row: -row[name])[:top]


def tei(body: dict[str, Any], judge: Judge) -> Any:
    assert set(body) <= {"query", "texts", "raw_scores", "return_text", "truncate", "truncation_direction"}
    logits = [judge(body["query"], text) for text in body["texts"]]
    return _ranked(logits if body.get("raw_scores") else list(map(sigmoid, logits)), "score")


def cohere(body: dict[str, Any], judge: Judge) -> Any:
    assert set(body) <= {"model", "query", "documents", "top_n", "max_tokens_per_doc"}
    assert body["model"]
    scores = [sigmoid(judge(body["query"], text)) for text in body["documents"]]
    billed = {"search_units": -(-len(scores) // 100)}
    return {"id": "1", "results": _ranked(scores, "relevance_score", body.get("top_n")), "meta": {
        "api_version": {"version": "2"}, "billed_units": billed}}  # fmt: skip


def jina(body: dict[str, Any], judge: Judge) -> Any:
    assert set(body) <= {"model", "query", "documents", "top_n", "return_documents"}
    assert body["model"]
    scores = [sigmoid(judge(body["query"], text)) for text in body["documents"]]
    tokens = sum(len(text) for text in body["documents"])
    rows = _ranked(scores, "relevance_score", body.get("top_n"))
    return {"model": body["model"], "object": "list", "usage": {"total_tokens": tokens}, "results": rows}


def vllm(body: dict[str, Any], judge: Judge) -> Any:
    logits = [judge(body["query"], text) for text in body["documents"]]
    scores = logits if body.get("use_activation") is False else list(map(sigmoid, logits))
    rows = _ranked(scores, "relevance_score", body.get("top_n") or None)
    for row in rows:
        row["document"] = {"text": body["documents"][row["index"]], "multi_modal": None}
    return {"id": "rerank-1", "model": "m", "usage": {"prompt_tokens": 7, "total_tokens": 7}, "results": rows}


def infinity(body: dict[str, Any], judge: Judge) -> Any:
    logits = [judge(body["query"], text) for text in body["documents"]]
    rows = _ranked(logits if body.get("raw_scores") else list(map(sigmoid, logits)), "relevance_score")
    return {"object": "rerank", "results": rows[: body.get("top_n")], "model": "m", "usage": {"total_tokens": 5}}


def llama_cpp(body: dict[str, Any], judge: Judge) -> Any:
    scores = [judge(body["query"], text) for text in body["documents"]]
    return {"model": "m", "object": "list", "usage": {"prompt_tokens": 5, "total_tokens": 5},
            "results": _ranked(scores, "relevance_score", body.get("top_n"))}  # fmt: skip


def voyage(body: dict[str, Any], judge: Judge) -> Any:
    assert set(body) <= {"query", "documents", "model", "top_k", "return_documents", "truncation"}
    scores = [sigmoid(judge(body["query"], text)) for text in body["documents"]]
    rows = _ranked(scores, "relevance_score", body.get("top_k"))
    return {"object": "list", "data": rows, "model": body["model"], "usage": {"total_tokens": 11}}


SPOKEN: dict[str, tuple[str, Callable[[dict[str, Any], Judge], Any]]] = {
    "tei": ("/rerank", tei),
    "cohere": ("/v2/rerank", cohere),
    "jina": ("/v1/rerank", jina),
    "vllm": ("/v1/rerank", vllm),
    "infinity": ("/rerank", infinity),
    "llama.cpp": ("/v1/rerank", llama_cpp),
    "voyage": ("/v1/rerank", voyage),
}
"""Path and answer of each protocol."""


@dataclass
class Fault:
    """What happens instead of an answer: seconds of waiting, then a status, or a body as it is, or a closed door.

    Attributes:
        trickle: one byte each so many seconds.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    closed: bool = False
    trickle: float = 0.0


@dataclass
class RerankServer:
    """A running server.

    Attributes:
        faults: used up one a request, None for a right answer; then every answer is right.
        asked: bodies of requests; headers: theirs; most_at_once: requests that were worked on together.
        seconds: that each answer takes.
    """

    protocol: str
    url: str = ""
    judge: Judge = length_logit
    faults: list[Fault | None] = field(default_factory=list)
    seconds: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: Any = field(default_factory=Lock)

    def toml(self, name: str = "far", **more: Any) -> str:
        """The table by which an owner sets it up, with an own model name and short waits."""
        values = {"protocol": self.protocol, "address": self.url, "model": "m", "backoff_seconds": 0.01, **more}
        return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on a free port, closed afterwards."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(protocol: str, *faults: Fault | None, **more: Any) -> Iterator[RerankServer]:
    """A server of this protocol on a free port."""
    state = RerankServer(protocol, faults=list(faults), **more)
    with answering(_handler(state)) as state.url:
        yield state


def _handler(state: RerankServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            path, answer = SPOKEN[state.protocol]
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                state.asked.append(body)
                state.headers.append(dict(self.headers))
                fault = state.faults.pop(0) if state.faults else None
                state.at_once += 1
                state.most_at_once = max(state.most_at_once, state.at_once)
            sleep(state.seconds)
            with state.lock:  # before it answers: who has the answer may ask again at once
                state.at_once -= 1
            if self.path != path:
                fault = Fault(404, {"error": f"no {self.path} here"})
            with suppress(BrokenPipeError, ConnectionResetError):
                self._send(fault or Fault(body=answer(body, state.judge)))

        def _send(self, fault: Fault) -> None:
            sleep(fault.seconds)
            if fault.closed:
                self.close_connection = True
                return
            content = fault.body if isinstance(fault.body, bytes) else json.dumps(fault.body).encode()
            self.send_response(fault.status)
            for name, value in {"Content-Length": str(len(content)), **fault.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if not fault.trickle:
                self.wfile.write(content)
            for byte in content if fault.trickle else b"":
                self.wfile.write(bytes([byte]))
                sleep(fault.trickle)

    return Handler
