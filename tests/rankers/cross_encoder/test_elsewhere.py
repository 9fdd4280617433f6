"""Models that work elsewhere: what is sent, what comes back, new weights on the way, faults of servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from fakes import QUERY, collection_of, request
from made_checkpoints import write_bert
from rerank_servers import answering

from demo.errors import DemoError, InputError, ModelError, RemoteError
from demo.messages import Message, plural
from demo.rankers.cross_encoder.elsewhere.http import Http, source
from demo.rankers.cross_encoder.elsewhere.source import PART_TEXTS, Elsewhere
from demo.rankers.cross_encoder.elsewhere.wire import (
    About,
    Answer,
    Work,
    places_to_json,
    refusal_from_json,
    refusal_to_json,
)
from demo.rankers.cross_encoder.scoring import Scoring
from demo.records import Extent
from demo.service import RankingService
from demo.settings import Settings

TINY = "bundled/tiny"
ABOUT = About("w1", "own forward", "fp32", False, 17, {"max_tokens": 77, "labels": 1}, (Message("Take care."),))


def scored(work: Work, weights: str = "w1") -> Answer:
    """The shorter a text the higher its score; weights “w2” add 100."""
    scores = [100.0 * (weights == "w2") - len(text) for text in work.texts]
    extents = [Extent(len(text), len(text), 0, len(text)) for text in work.texts]
    return Answer(replace(ABOUT, fingerprint=weights), tuple(scores), tuple(extents), sum(map(len, work.texts)), "cpu")


@dataclass
class FakeServers:
    """Answers with the weights of a list, the last one for ever; remembers what was asked."""

    weights: list[str] = field(default_factory=lambda: ["w1"])
    asked: list[Work] = field(default_factory=list)
    cancelled: int = 0
    error: DemoError | None = None
    held: Event | None = None
    where: dict[str, str] | None = None
    asked_where: int = 0

    async def places(self) -> dict[str, str]:
        self.asked_where += 1
        if self.where is None:
            raise RemoteError("Nobody answers.")
        return self.where

    async def send(self, work: Work) -> Answer:
        self.asked.append(work)
        try:
            while self.held and work.texts and not self.held.is_set():
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error and work.texts:
            raise self.error
        return scored(work, self.weights.pop(0) if len(self.weights) > 1 else self.weights[0])


def scoring_over(servers: FakeServers) -> Scoring:
    return Scoring(Settings(), Elsewhere(servers))


# ---- values and JSON ---------------------------------------------------------------------------------------------


def test_work_comes_through_as_it_was() -> None:
    work = Work(TINY, "fp32", "Zürich 柏林", ("a", "\ud83d", 'b"'), True, 99, "Find it")
    assert Work.from_json(work.to_json()) == work


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"model": 1, "precision": "fp32"}', '{"model": "m", "precision": "fp32", "texts": [1]}',
     '{"model": "m", "precision": "fp32", "more": 1}', '{"model": "m", "precision": "fp32", "texts": 3}'],
)  # fmt: skip
def test_other_bodies_are_no_work(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Work.from_json(body)


def test_an_answer_comes_through_to_the_bit() -> None:
    third = float(np.float32(1) / np.float32(3))
    answer = Answer(ABOUT, (third, -2.5), (Extent(9, 8, 0, 7, 2), Extent(1, 1, 0, 1)), 10, "cuda:0 X")
    assert Answer.from_json(answer.to_json()) == answer
    with pytest.raises(ValueError, match="extent"):
        Answer.from_json(answer.to_json().replace("[9, 8, 0, 7, 2], ", ""))


def test_what_is_said_of_a_model_fills_its_spec() -> None:
    known = Elsewhere(FakeServers()).resolve(TINY, Settings())
    spec = ABOUT.spec(known)
    assert (spec.key, spec.max_tokens, list(map(str, spec.cautions))) == (TINY, 77, ["Take care."])


@pytest.mark.parametrize(
    "error",
    [
        InputError("Line {line} is {what}.", line=7, what=Message("too long")),
        ModelError(plural("{count} model is gone.", "{count} models are gone.", 2)),
        RemoteError("Nobody answers."),
    ],
)
def test_a_refusal_can_still_be_said_in_every_language(error: DemoError) -> None:
    again = refusal_from_json(refusal_to_json(error))
    assert type(again) is type(error)
    assert again.message == error.message


# ---- the source --------------------------------------------------------------------------------------------------


def test_texts_go_in_parts_and_scores_come_back_in_order() -> None:
    servers = FakeServers()
    scoring = scoring_over(servers)
    texts = ["x" * (1 + number % 90) for number in range(150)]
    found = scoring.score(scoring.use(TINY), "q", texts).run()
    assert found.scores.tolist() == [-len(text) for text in texts]
    assert [extent.end_char for extent in found.extents] == [len(text) for text in texts]
    about, *parts = servers.asked
    assert about.texts == ()
    assert [len(part.texts) for part in parts] == [PART_TEXTS, PART_TEXTS, 150 - 2 * PART_TEXTS]
    assert len(parts[0].texts[0]) == 90, "the longest first"
    assert (found.cost.pairs, found.cost.kept_pairs, found.cost.tokens) == (150, 0, sum(map(len, texts)))
    assert (found.model.revision, found.model.max_tokens, found.model.backend) == ("w1", 77, "own forward")
    again = scoring.score(scoring.use(TINY), "q", texts).run()
    assert (again.cost.kept_pairs, len(servers.asked)) == (150, 4)


def test_how_a_model_is_used_is_sent_along() -> None:
    servers = FakeServers()
    scoring = scoring_over(servers)
    scoring.score(scoring.use(TINY, "bf16", True, 99, "Find it"), "q", ["x"]).run()
    assert servers.asked[-1] == Work(TINY, "bf16", "q", ("x",), True, 99, "Find it")


def test_key_and_label_are_those_of_a_model_on_this_machine() -> None:
    here, far = (
        RankingService(recordings=None, settings=Settings()),
        RankingService(Settings(), models=Elsewhere(FakeServers()), recordings=None),
    )
    for written in ("bundled/tiny", "tiny[windows]", "bundled/small[precision=bf16]"):
        own, other = here.rankers.read(written), far.rankers.read(written)
        assert (own.spec.key, own.spec.label, own.spec.kind) == (other.spec.key, other.spec.label, other.spec.kind)


def test_scores_of_two_sets_of_weights_never_share_a_ranking() -> None:
    """A rolling update: the second part comes from new weights, the third from the old ones once more."""
    servers = FakeServers(["w1", "w1", "w2", "w1", "w2"])
    scoring = scoring_over(servers)
    texts = ["x" * (1 + number) for number in range(3 * PART_TEXTS)]
    found = scoring.score(scoring.use(TINY), "q", texts).run()
    assert found.scores.tolist() == [100 - len(text) for text in texts]
    assert found.model.revision == "w2"
    assert scoring.revision(scoring.use(TINY)) == "w2"


def test_answers_by_the_former_weights_are_asked_for_again() -> None:
    servers = FakeServers(["w1", "w2", "w1", "w1", "w2"])
    scoring = scoring_over(servers)
    found = scoring.score(scoring.use(TINY), "q", ["x"]).run()
    assert (found.scores.tolist(), found.model.revision) == ([99], "w2")
    assert len(servers.asked) == 5


def test_closing_lets_the_servers_stop() -> None:
    servers = FakeServers(held=Event())
    scoring = scoring_over(servers)
    steps = scoring.score(scoring.use(TINY), "q", ["x"] * 1_000)
    while not any(work.texts for work in servers.asked):
        next(steps)
    next(steps)
    on_their_way = sum(bool(work.texts) for work in servers.asked)
    steps.close()
    for _ in range(200):
        if servers.cancelled == on_their_way:
            break
        Event().wait(0.01)
    assert 0 < servers.cancelled == on_their_way <= 8


def test_an_error_of_the_servers_is_the_rankers_column() -> None:
    servers = FakeServers(error=ModelError("It gave no number."))
    service = RankingService(Settings(), models=Elsewhere(servers), recordings=None)
    result = service.run(request(collection=collection_of()), service.rankers.read_all("bm25,tiny")).run()
    assert len(result.rankings) == 1
    assert [str(failure.reason) for failure in result.failures] == ["It gave no number."]


def test_an_explanation_asks_the_servers_too() -> None:
    servers = FakeServers()
    service = RankingService(Settings(), models=Elsewhere(servers), recordings=None)
    collection = collection_of()
    steps = service.explain(service.rankers.read("tiny"), collection.queries[0], collection, 3)
    assert steps is not None
    # “Cork is a bark.” without “Cork ” is 5 letters shorter, so 5 better
    assert steps.run().of_passage[0].value == -5
    assert {work.query for work in servers.asked if work.texts} >= {QUERY, "inhabitants", "Berlin "}


def test_the_menu_says_where_weights_are_for_the_servers(tmp_path: Path) -> None:
    for name in ("own", "lonely"):
        write_bert(tmp_path / name)
    settings = Settings(models_folder=str(tmp_path))
    own, lonely = (str((tmp_path / name).resolve()) for name in ("own", "lonely"))
    far, other = "cross-encoder/ms-marco-MiniLM-L6-v2", "cross-encoder/ms-marco-MiniLM-L12-v2"
    servers = FakeServers(where={TINY: "bundled", far: "cached", other: "download", own: "local"})
    source = Elsewhere(servers)
    found = {spec.key: (where, str(spec.notes)) for spec, where in source.available(settings)}
    assert [found[key][0] for key in (TINY, far, other, own, lonely)] == [
        *("bundled", "served", "download", "local", "unusable")
    ]
    assert found[lonely][1] == "The servers that score do not have this folder."
    assert list(found)[-1] == lonely
    source.available(settings)
    assert servers.asked_where == 1, "what they said is believed for a while"
    silent = {spec.key: where for spec, where in Elsewhere(FakeServers()).available(settings)}
    assert [silent[key] for key in (TINY, far, own)] == ["bundled", "download", "local"]


@pytest.mark.parametrize(("models", "elsewhere"), [(Elsewhere(FakeServers()), True), (None, False)])
def test_only_models_on_this_machine_take_turns(models: Elsewhere | None, elsewhere: bool) -> None:
    assert RankingService(Settings(), models=models, recordings=None).turns.elsewhere is elsewhere


# ---- HTTP --------------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """What a server answers, one (status, body) a request, then rightly."""

    faults: list[tuple[int, str]] = field(default_factory=list)
    asked: int = 0
    url: str = ""


@contextmanager
def serving(*faults: tuple[int, str]) -> Iterator[Server]:
    state = Server(list(faults))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            content = (state.faults.pop(0)[1] if state.faults else places_to_json({TINY: self.path})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            state.asked += 1
            work = Work.from_json(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = state.faults.pop(0) if state.faults else (200, scored(work).to_json())
            if not status:
                self.close_connection = True
                return
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with answering(Handler) as state.url:
        yield state


def sent(server: Server, texts: tuple[str, ...] = ("xxx",)) -> Answer:
    return asyncio.run(Http(server.url, backoff_seconds=0.001).send(Work(TINY, "fp32", "q", texts)))


def test_a_server_is_asked_at_its_path() -> None:
    with serving() as server:
        assert sent(server).scores == (-3,)


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_what_may_pass_is_asked_for_again(status: int) -> None:
    with serving(*[(status, "")] * 3) as server:
        assert sent(server).scores == (-3,)
        assert server.asked == 4


def test_a_server_says_where_weights_are() -> None:
    with serving() as server:
        assert asyncio.run(Http(server.url).places()) == {TINY: "/models"}
    with pytest.raises(RemoteError, match="nobody can be reached there"):
        asyncio.run(Http(server.url).places())
    for body in ("<html>", "[]", '{"m": 1}'):
        with serving((200, body)) as server, pytest.raises(RemoteError, match="their answer cannot be read"):
            asyncio.run(Http(server.url).places())


def test_nobody_there_is_said_with_the_address() -> None:
    with serving() as server:
        pass
    with pytest.raises(RemoteError, match=r"127\.0\.0\.1.*nobody can be reached there, 8 times.*RERANK_LENS_SERVING"):
        sent(server)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (404, "", "status 404"),
        (200, "<html>", "cannot be read"),
        (422, "<html>", "cannot be read"),
        (200, scored(Work(TINY, "fp32", "q", ("a", "b"))).to_json(), "status 200"),
    ],
)
def test_other_answers_are_errors(status: int, body: str, sentence: str) -> None:
    with serving((status, body)) as server, pytest.raises(RemoteError, match=sentence):
        sent(server)


def test_a_refusal_is_the_servers_own_sentence() -> None:
    refused = refusal_to_json(InputError("There is no model {name}.", name="m"))
    with serving((422, refused)) as server, pytest.raises(InputError, match=r"There is no model m\."):
        sent(server)


def test_one_setting_sends_the_work_there() -> None:
    with serving() as server:
        service = RankingService(Settings(serving=server.url + "/"), recordings=None)
        result = service.run(request(collection=collection_of()), service.rankers.read_all("tiny")).run()
        (ranking,) = result.rankings
        assert ranking.scores.tolist() == [-len(passage.content) for passage in result.candidates]
        assert ranking.ranker.key == TINY
        assert server.asked == 2


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8000", "ftp://a", "http://", "http://a?b=c", "http://[", "http://a:99999"]
)
def test_what_is_no_address_is_told_at_the_start(address: str) -> None:
    with pytest.raises(InputError, match="Write an address such as"):
        source(Settings(serving=address))
