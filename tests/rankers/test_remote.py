"""Remote rerankers: what is sent and read in each protocol, every fault, what a visitor can and cannot do."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from fakes import PASSAGES, QUERY, FakeSource, collection_of, request, service_with
from rerank_servers import SPOKEN, Fault, RerankServer, length_logit, serving, sigmoid

from demo.errors import DemoError, InputError, RemoteError
from demo.rankers.remote.protocols import PROTOCOLS
from demo.rankers.remote.ranker import batched
from demo.rankers.remote.servers import Server, read_servers
from demo.records import Failure, Passage, Query, Ranking
from demo.results.report import as_json
from demo.score_kinds import LOGIT, PROBABILITY
from demo.service import RankingService
from demo.settings import Settings

ASKED = Query("q1", QUERY)
COLLECTION = collection_of()
EVERY = np.arange(4, dtype=np.int64)
TEXTS = [passage.content for passage in PASSAGES]
LOGITS = [length_logit(QUERY, text) for text in TEXTS]
RAW = ("tei", "infinity", "llama.cpp")
"""Protocols whose usual score is a logit."""


def service(server: RerankServer, **more: Any) -> RankingService:
    return service_with(FakeSource(), Settings(remotes=server.toml(**more)))


def ranked(server: RerankServer, **more: Any) -> Ranking:
    return service(server, **more).rankers.read("remote(far)").rank(ASKED, COLLECTION, EVERY).run()


def sentence(server: RerankServer, **more: Any) -> str:
    with pytest.raises(DemoError) as caught:
        ranked(server, **more)
    return str(caught.value)


# ---- protocols -----------------------------------------------------------------------------------------------------


def test_every_protocol_has_a_server_here() -> None:
    assert [row.key for row in PROTOCOLS] == list(SPOKEN)


@pytest.mark.parametrize("protocol", SPOKEN)
def test_every_protocol_gives_its_scores(protocol: str) -> None:
    with serving(protocol) as server:
        ranking = ranked(server)
    wanted = LOGITS if protocol in RAW else [sigmoid(logit) for logit in LOGITS]
    assert ranking.scores.tolist() == pytest.approx(wanted, rel=1e-6)
    assert ranking.ranker.kind is (LOGIT if protocol in RAW else PROBABILITY)
    assert ranking.ranks.tolist() == [4, 3, 2, 1]  # the shorter the better
    assert len(server.asked) == 1


@pytest.mark.parametrize("protocol", [row.key for row in PROTOCOLS if len(row.scores) == 2 and row.key != "jina"])
@pytest.mark.parametrize("scores", ["logit", "probability"])
def test_the_owner_may_ask_for_the_other_kind(protocol: str, scores: str) -> None:
    judge = length_logit if protocol != "llama.cpp" or scores == "logit" else lambda query, text: 0.25
    with serving(protocol, judge=judge) as server:
        ranking = ranked(server, scores=scores)
    assert ranking.ranker.kind.key == scores
    if protocol != "llama.cpp":
        wanted = LOGITS if scores == "logit" else [sigmoid(logit) for logit in LOGITS]
        assert ranking.scores.tolist() == pytest.approx(wanted, rel=1e-6)


# ---- limits, concurrency, what is kept -----------------------------------------------------------------------------


def test_requests_keep_to_the_limits() -> None:
    with serving("tei") as server:
        assert ranked(server, max_passages=3).scores.tolist() == pytest.approx(LOGITS)
        assert sorted(len(body["texts"]) for body in server.asked) == [1, 3]
    server = Server("s", "tei", max_passages=3, max_chars=10)
    assert batched(["a" * 6, "b" * 4, "c", "d" * 99, "e", "f"], server) == [
        ["a" * 6, "b" * 4],
        ["c"],
        ["d" * 99],
        ["e", "f"],
    ]
    assert batched([], server) == []


def test_no_more_requests_at_once_than_allowed() -> None:
    with serving("tei", seconds=0.05) as server:
        ranked(server, max_passages=1, concurrency=2)
        assert server.most_at_once == 2
        assert len(server.asked) == 4


def test_one_text_is_sent_once_and_nothing_is_asked_without_passages() -> None:
    twins = collection_of((*PASSAGES, Passage("d5", PASSAGES[0].text)))
    with serving("tei") as server:
        ranker = service(server).rankers.read("remote(far)")
        assert ranker.rank(ASKED, COLLECTION, np.empty(0, dtype=np.int64)).run().scores.size == 0
        assert server.asked == []
        ranking = ranker.rank(ASKED, twins, np.arange(5, dtype=np.int64)).run()
        assert ranking.ranks[0] == ranking.ranks[4]
        assert server.asked[0]["texts"] == TEXTS


def test_scores_of_a_named_model_are_kept_and_others_are_not() -> None:
    with serving("tei") as server:
        for model, requests in (("m", 1), ("", 3)):
            ranker = service(server, model=model).rankers.read("remote(far)")
            first, again = (ranker.rank(ASKED, COLLECTION, EVERY).run() for _ in range(2))
            assert first.scores.tolist() == again.scores.tolist()
            assert (first.cost.kept_pairs, again.cost.kept_pairs) == ((0, 4) if model else (0, 0))
            assert len(server.asked) == requests


def test_scores_that_depend_on_the_others_are_kept_with_them() -> None:
    with serving("jina") as server:
        ranker = service(server, listwise=True).rankers.read("remote(far)")
        few, all_of_them = np.arange(2, dtype=np.int64), EVERY
        for indices, requests in ((few, 1), (all_of_them, 2), (few, 2), (all_of_them, 2), (few[::-1].copy(), 3)):
            ranking = ranker.rank(ASKED, COLLECTION, indices).run()
            assert len(server.asked) == requests
            assert [str(warning) for warning in ranking.warnings] == [
                "far reads the passages together: among others, or at another depth, they would have other scores."
            ]
        assert [len(body["documents"]) for body in server.asked] == [2, 4, 2]
        fusion = service(server, listwise=True).rankers.read("rrf(bm25+remote(far))")
        assert fusion.rank(ASKED, COLLECTION, EVERY).run().warnings == ranking.warnings
        for limits in ({"max_passages": 3}, {"max_chars": 20}):
            assert "too many for one request" in sentence(server, listwise=True, **limits)
        assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("protocol", "prices", "usd"),
    [
        ("cohere", {"usd_per_call": 0.002}, 0.002),  # 4 passages are one search unit
        ("jina", {"usd_per_million_tokens": 0.05}, sum(map(len, TEXTS)) * 0.05e-6),
        ("voyage", {"usd_per_million_tokens": 0.05, "usd_per_call": 1}, 1 + 11 * 0.05e-6),
        ("tei", {}, 0.0),
    ],
)
def test_the_price_is_told_where_the_owner_states_it(protocol: str, prices: dict[str, float], usd: float) -> None:
    with serving(protocol) as server:
        chosen = service(server, **prices)
        result = chosen.run(request(), chosen.rankers.read_all("remote(far)")).run()
    assert as_json(result)["rankers"][0]["timings"]["usd"] == pytest.approx(usd)


def test_what_kept_scores_were_billed_is_kept_with_them() -> None:
    with serving("cohere") as server:
        ranker = service(server, usd_per_call=0.002).rankers.read("remote(far)")
        costs = [ranker.rank(ASKED, COLLECTION, EVERY[:size]).run().cost for size in (2, 2, 4)]
    assert [cost.usd for cost in costs] == pytest.approx([0.002, 0, 0.002])
    assert [cost.kept_usd for cost in costs] == pytest.approx([0, 0.002, 0.002])


# ---- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int) -> None:
    with serving("tei", Fault(status), Fault(status), Fault(closed=True)) as server:
        assert ranked(server).scores.tolist() == pytest.approx(LOGITS)
        assert len(server.asked) == 4


def test_the_server_says_when_to_come_back() -> None:
    with serving("tei", Fault(429, headers={"Retry-After": "1"})) as server:
        start = monotonic()
        ranked(server)
        assert monotonic() - start >= 1
    with serving("tei", Fault(429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})) as server:
        ranked(server, backoff_seconds=1000)
    with serving("tei", Fault(429, headers={"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2300"})) as server:
        assert ranked(server).scores.tolist() == pytest.approx(LOGITS)  # no moment of any calendar
    with serving("tei", Fault(503, headers={"Retry-After": "3600"})) as server:
        assert "status 503; it says to come back in 3600 s." in sentence(server)
        assert len(server.asked) == 1


def test_a_server_that_stays_busy_is_given_up() -> None:
    with serving("cohere", *[Fault(429, {"message": "Too many calls"})] * 3) as server:
        assert sentence(server, retries=2, label="Far") == (
            "Far gave no scores: it answered with status 429, “Too many calls”, 3 times."
        )
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(500, {"error": "out of memory", "error_type": "Backend"}), "status 500, “out of memory”."),
        (Fault(401, {"detail": "no such key"}), "status 401, “no such key”."),
        (Fault(400, {"error": {"message": "bad model", "code": 400}}), "status 400, “bad model”."),
        (Fault(404, b"<html>Not found</html>"), "it answered with status 404."),
        (Fault(302, b"", {"Location": "http://127.0.0.1:9/"}), "it answered with status 302."),
        (Fault(seconds=2.0), "it did not answer within 0.3 s."),
        (Fault(body=[{"index": 0, "score": 1.0}] * 99, trickle=0.05), "it did not answer within 0.3 s."),
        (Fault(body=b"gibberish"), "not one of Text Embeddings Inference: it is no JSON."),
        (Fault(body=b"[" * 100_000), "it is no JSON."),
        (Fault(body={"results": []}), "it is not a list."),
        (Fault(body=[{"index": 0, "score": 1.0}]), "3 of 4 passages have no score."),
        (Fault(body=[{"index": 0, "score": 1.0}] * 4), "3 of 4 passages have no score."),
        (Fault(body=[{"index": i % 4, "score": 1.0} for i in range(5)]), "a passage has more than one score."),
        (Fault(body=[{"index": 4, "score": 1.0}] * 4), "a result has no “index” from 0 to 3."),
        (Fault(body=[{"index": True, "score": 1.0}] * 4), "a result has no “index” from 0 to 3."),
        (Fault(body=[{"index": 0, "score": "1"}] * 4), "result 0 has no number as “score”."),
        (Fault(body=b'[{"index": 0, "score": NaN}]'), "result 0 has no number as “score”."),
        (Fault(body=b'[{"index": 0, "score": 1e39}]'), "result 0 has no number as “score”."),
        (Fault(body=b'[{"index": 0, "score": 1' + b"0" * 400 + b"}]"), "result 0 has no number as “score”."),
        (Fault(400, b'{"error": "\\ud800 is bad"}'), "status 400, “? is bad”."),
        (Fault(429, headers={"Retry-After": "9" * 400}), "says to come back in 999999999 s."),
        (Fault(body=[7]), "a result has no “index” from 0 to 3."),
        (Fault(body=b"[]", headers={"Content-Encoding": "gzip"}), "its answer cannot be read."),
    ],
)  # fmt: skip
def test_every_fault_has_a_sentence(fault: Fault, reason: str) -> None:
    with serving("tei", fault) as server:
        slow = fault.seconds or fault.trickle  # a loaded machine may take a while for the others
        found = sentence(server, timeout_seconds=0.3 if slow else 20, label="Far")
        assert found.startswith("Far gave no scores: ")
        assert found.endswith(reason)
        assert len(server.asked) == 1


def test_a_closed_connection_and_no_server_at_all() -> None:
    with serving("tei", *[Fault(closed=True)] * 4) as server:
        assert sentence(server).endswith("the connection failed or was closed, 4 times.")
    assert sentence(server, retries=0).endswith("the connection failed or was closed.")


@pytest.mark.parametrize("score", [1.5, -0.1])
def test_a_probability_lies_between_0_and_1(score: float) -> None:
    with serving("jina", Fault(body={"results": [{"index": 0, "relevance_score": score}]})) as server:
        assert f"result 0 has the score {score:g}, which is no probability" in sentence(server)


def test_half_an_answer_is_asked_for_again() -> None:
    half = Fault(body=b'[{"index": 0,', headers={"Content-Length": "500"})
    with serving("tei", half) as server:
        assert ranked(server).scores.tolist() == pytest.approx(LOGITS)
    with serving("tei", *[half] * 4) as server:
        assert sentence(server).endswith("the connection failed or was closed, 4 times.")


def test_what_failed_in_part_is_told_and_what_came_is_not_paid_twice() -> None:
    fault = Fault(500, {"error": "overheated"})
    with serving("tei", None, fault) as server:
        ranker = service(server, max_passages=2, concurrency=1).rankers.read("remote(far)")
        with pytest.raises(RemoteError) as caught:
            ranker.rank(ASKED, COLLECTION, EVERY).run()
        assert str(caught.value).endswith(
            "“overheated”. Of 4 passages 2 have their score. Run it again: those are not asked for twice."
        )
        assert ranker.rank(ASKED, COLLECTION, EVERY).run().scores.tolist() == pytest.approx(LOGITS)
        assert [len(body["texts"]) for body in server.asked] == [2, 2, 2]


def test_a_failure_is_one_column_and_the_others_go_on() -> None:
    with serving("tei", Fault(500)) as server:
        chosen = service(server)
        result = chosen.run(
            request(), chosen.rankers.read_all("remote(far), bundled/tiny, rrf(bm25+remote(far))")
        ).run()
    failed, tiny, fusion = result.columns
    assert isinstance(failed, Failure)
    assert "far gave no scores" in str(failed.reason)
    assert isinstance(tiny, Ranking)
    assert isinstance(fusion, Ranking)  # the server answers again
    assert fusion.ranker.label == "RRF (BM25 + far)"


def test_closing_stops_between_requests() -> None:
    with serving("tei", seconds=0.1) as server:
        steps = (
            service(server, max_passages=1, concurrency=1).rankers.read("remote(far)").rank(ASKED, COLLECTION, EVERY)
        )
        next(steps)
        next(steps)
        steps.close()
        before = len(server.asked)
        assert before < 4
        pause = monotonic() + 0.5
        while monotonic() < pause:
            assert len(server.asked) <= before + 1
    with serving("tei", *[Fault(503)] * 9) as server:
        steps = service(server, backoff_seconds=30).rankers.read("remote(far)").rank(ASKED, COLLECTION, EVERY)
        next(steps)
        next(steps)
        start = monotonic()
        steps.close()
        assert monotonic() - start < 5


# ---- keys and addresses --------------------------------------------------------------------------------------------


def test_the_key_goes_to_the_server_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("FAR_KEY", "s3cret-key")
    echo = Fault(401, {"message": "s3cret-key is not known"})
    with serving("cohere", None, echo) as server:
        chosen = service(server, key="FAR_KEY")
        result = chosen.run(request(), chosen.rankers.read_all("remote(far)")).run()
        assert server.headers[0]["Authorization"] == "Bearer s3cret-key"
        failed = chosen.run(request(query="other"), chosen.rankers.read_all("remote(far)")).run()
        assert str(failed.failures[0].reason).endswith("“… is not known”.")
        ranker = chosen.rankers.read("remote(far)")
        told = (result, failed, as_json(result), ranker, ranker.spec, ranker.fingerprint(), chosen.settings)
        assert "s3cret" not in "".join(map(repr, told)) + caplog.text
        assert "s3cret" not in json.dumps(server.asked)


def test_the_servers_words_do_not_tell_its_address() -> None:
    with serving("tei") as server:
        server.faults.append(Fault(400, {"error": f"POST {server.url}/rerank at 127.0.0.1: bad"}))
        assert (
            sentence(server, label="Far")
            == "Far gave no scores: it answered with status 400, “POST …/rerank at …: bad”."
        )


def test_a_bill_beyond_all_measure_is_none() -> None:
    rows = [{"index": index, "relevance_score": 0.5} for index in range(4)]
    meta = {"billed_units": {"search_units": 10**400}}
    with serving("cohere", Fault(body={"results": rows, "meta": meta, "usage": {"total_tokens": 10**400}})) as server:
        assert ranked(server, usd_per_call=0.5, usd_per_million_tokens=1).cost.usd == 0.5


@pytest.mark.parametrize("value", ["", "two words", "schlüssel"])
def test_a_key_that_is_missing_or_none_is_told_before_anything_is_sent(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAR_KEY", value)
    with serving("cohere") as server:
        assert "needs a key, and the environment variable FAR_KEY holds none" in sentence(server, key="FAR_KEY")
        with pytest.raises(InputError, match="FAR_KEY"):
            service(server, key="FAR_KEY").rankers.read("remote(far)").check()
        assert server.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "remote(http://127.0.0.1:9/rerank)",
        'remote("http://127.0.0.1:9")',
        "remote(169.254.169.254)",
        "remote(far/../x)",
        "remote(far[k=1])",
        "remote(nobody)",
        "rrf(bm25+remote(nobody))",
    ],
)
def test_a_visitor_can_only_choose_what_the_owner_set_up(text: str) -> None:
    with serving("tei") as server:
        ranker = service(server).rankers.read(text)
        assert ranker.spec.key
        with pytest.raises(InputError, match=r"no remote reranker “.*”\. Choose one of remote\(far\)"):
            ranker.check()
        with pytest.raises(InputError):
            ranker.rank(ASKED, COLLECTION, EVERY).run()
        assert server.asked == []


def test_it_is_written_with_one_name() -> None:
    chosen = service_with(FakeSource())
    for text in ("remote", "remote()", "remote(a+b)"):
        with pytest.raises(InputError, match="written with its name in round brackets"):
            chosen.rankers.read(text)
    with pytest.raises(InputError, match="has no option “model”; it has none"):
        chosen.rankers.read("remote(far)[model=x]")
    with pytest.raises(InputError, match="has set up none"):
        chosen.rankers.read("remote(far)").check()


def test_it_cannot_be_the_first_stage_and_is_offered_as_a_reranker() -> None:
    with serving("tei") as server:
        chosen = service(server)
        far = chosen.rankers.read("remote(far)")
        assert far in chosen.rankers.offered()
        assert far not in chosen.rankers.first_stages()
        with pytest.raises(InputError, match="far cannot be the first stage"):
            chosen.run(request(first=far), [far]).run()


# ---- what the owner writes -----------------------------------------------------------------------------------------

OWNERS = '[a]\nprotocol = "tei"\naddress = "http://127.0.0.1:8080"\n'


def test_a_file_or_the_text_itself(tmp_path: Path) -> None:
    path = tmp_path / "remotes.toml"
    path.write_text(OWNERS + '[b]\nprotocol = "cohere"\nmodel = "rerank-v4.0-pro"\nlabel = "Rerank 4"\n')
    servers = read_servers(str(path))
    assert list(servers) == ["a", "b"]
    assert servers["b"].url == "https://api.cohere.com/v2/rerank"
    assert (servers["b"].label, servers["b"].kind, servers["b"].max_passages) == ("Rerank 4", PROBABILITY, 1_000)
    assert servers["a"] == replace(
        read_servers(OWNERS)["a"], address="http://127.0.0.1:8080", max_passages=32, scores="logit"
    )
    assert read_servers("") == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nowhere.toml", "cannot be read: .*nowhere.toml"),
        ("[a\n", "cannot be read: Expected"),
        ("a = 1\n", "cannot be read|cannot be read"),
        ("[a]\n", "It names no protocol"),
        ('[a]\nprotocol = "soap"\n', "There is no protocol “soap”. Write one of tei, cohere"),
        ('[a]\nprotocol = "tei"\n', "It has no address that can be called"),
        ('[a]\nprotocol = "tei"\naddress = "file:///etc/passwd"\n', "It has no address that can be called"),
        *(
            (f'[a]\nprotocol = "tei"\naddress = "{address}"\n', "It has no address that can be called")
            for address in ("http://h:99999", "http://h:x", "http://[::1", "http://h h/", "http://")
        ),
        ('[a]\nprotocol = "tei"\naddress = "http://u:p@h/"\n', "has a name, a password or"),
        ('[a]\nprotocol = "tei"\naddress = "http://h/?key=1"\n', "has a name, a password or"),
        ('[a]\nprotocol = "cohere"\n', "Cohere wants the name of a model"),
        ('[a]\nprotocol = "cohere"\nmodel = "m"\nscores = "logit"\n', "Cohere does not give “logit” as scores"),
        (OWNERS + 'key = "sk-123abc"\n', "never the key itself"),
        (OWNERS + "colour = 1\n", "There is no field “colour”. Fields are protocol, address"),
        (OWNERS + 'retries = "3"\n', "“retries” is not a whole number"),
        (OWNERS + "retries = true\n", "“retries” is not a whole number"),
        (OWNERS + "listwise = 1\n", "“listwise” is not true or false"),
        (OWNERS + "retries = -1\n", "“retries” is -1. Write 0 or more"),
        (OWNERS + "concurrency = 0\n", "“concurrency” is 0. Write 1 or more"),
        (OWNERS + "timeout_seconds = inf\n", "“timeout_seconds” is inf"),
        (OWNERS + "label = 1\n", "“label” is not a text between quotation marks"),
        ('["a b"]\nprotocol = "tei"\n', "Each is a table, whose name has letters"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_at_the_start(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        service_with(FakeSource(), Settings(remotes=text))
    assert "sk-123abc" not in str(caught.value)
