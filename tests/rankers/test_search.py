"""Search engines as first stages, by their official clients, against exchanges written down from the specifications.

Elasticsearch: “Run a search” of its API reference, version 9. OpenSearch: “Search” of its API reference, version 3. The
server here takes what they document and nothing else, and answers as their examples do.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from time import sleep
from typing import Any

import numpy as np
import pytest
from fakes import PASSAGES, QUERY, FakeSource, collection_of, request, service_with
from rerank_servers import answering

from demo.errors import DemoError, InputError, RemoteError
from demo.rankers.search.indexes import Index, read_indexes
from demo.rankers.search.ranker import Searched
from demo.rankers.search.searches import Searches
from demo.records import Query, Ranking
from demo.service import RankingService
from demo.settings import Settings

pytest.importorskip("elasticsearch", reason="the clients are not installed: pip install -r requirements-search.txt")
pytest.importorskip("opensearchpy", reason="the clients are not installed: pip install -r requirements-search.txt")

ENGINES = ("elasticsearch", "opensearch")
EVERY = np.arange(4, dtype=np.int64)
ASKED = Query("q1", QUERY)
BODY_FIELDS = {"query", "size", "_source", "track_total_hits"}


def hits(*found: tuple[str, float | None], sources: Mapping[str, Any] = {}) -> dict[str, Any]:
    """A response as the references show it."""
    rows = [{"_index": "cities", "_id": doc_id, "_score": score} for doc_id, score in found]
    for row in rows:
        if row["_id"] in sources:
            row["_source"] = sources[str(row["_id"])]
    return {
        "took": 5,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {"max_score": max((score or 0.0 for _, score in found), default=None), "hits": rows},
    }


FOUND = hits(("d3", 1.5), ("d1", 0.75))
"""What the engine finds unless told otherwise."""


def error(kind: str, reason: str, status: int, **more: Any) -> dict[str, Any]:
    """An error object as both references show it; `more` stands beside type and reason."""
    cause = {"type": kind, "reason": reason}
    return {"error": {"root_cause": [cause], **cause, **more}, "status": status}


@dataclass
class Server:
    """One index; `answers` are used up one a request, then FOUND is found."""

    engine: str
    url: str = ""
    answers: list[tuple[int, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    dribbles: float = 0.0
    """Seconds after each byte of an answer."""

    def toml(self, **more: Any) -> str:
        values = {"engine": self.engine, "address": self.url, "index": "cities", **more}
        return "[far]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())

    def searches(self, secrets: Mapping[str, str] = {}, **more: Any) -> Searches:
        return Searches(read_indexes(self.toml(**more)), lambda name: secrets.get(name, ""))

    def ranked(self, secrets: Mapping[str, str] = {}, **more: Any) -> Ranking:
        return Searched("far", self.searches(secrets, **more)).rank(ASKED, collection_of(), EVERY).run()


@contextmanager
def running(engine: str, *answers: tuple[int, Any], seconds: float = 0.0) -> Iterator[Server]:
    state = Server(engine, answers=list(answers), seconds=seconds)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append((self.command, self.path, body))
            state.headers.append(dict(self.headers))
            sleep(state.seconds)
            status, answer = state.answers.pop(0) if state.answers else (200, FOUND)
            if set(body) - BODY_FIELDS:
                status, answer = 400, error("parsing_exception", f"unknown key in {sorted(body)}", 400)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            media = "text/html" if isinstance(answer, bytes) else "application/json"
            if state.engine == "elasticsearch" and media != "text/html":
                media = "application/vnd.elasticsearch+json;compatible-with=9"
                self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(content)))
            try:
                self.end_headers()
                for part in [content] if not state.dribbles else [content[at : at + 1] for at in range(len(content))]:
                    self.wfile.write(part)
                    sleep(state.dribbles)
            except (BrokenPipeError, ConnectionResetError):
                pass

        do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815  whatever else is asked is seen

    with answering(Handler) as state.url:
        yield state


@pytest.fixture(params=ENGINES)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param) as state:
        yield state


# ---- asking ------------------------------------------------------------------------------------------------------


def test_hits_are_found_with_the_engines_scores(server: Server) -> None:
    ranking = server.ranked()
    assert ranking.scores.tolist() == [0.75, 0.0, 1.5, 0.0]
    assert ranking.found.tolist() == [True, False, True, False]
    assert ranking.ranks.tolist() == [2, 3, 1, 3]
    assert ranking.ranker.kind.key == "engine"
    assert ranking.cost.device in ("Elasticsearch", "OpenSearch")


def test_one_search_is_sent_and_nothing_is_written(server: Server) -> None:
    server.ranked(fields=["title^2", "text"], top_k=7)
    ((method, path, body),) = server.asked
    assert (method, path.partition("?")[0]) == ("POST", "/cities/_search")
    assert body == {
        "query": {"multi_match": {"query": QUERY, "fields": ["title^2", "text"]}},
        "size": 7,
        "_source": False,
        "track_total_hits": False,
    }


def test_the_owners_query_has_the_visitors_words_as_one_text(server: Server) -> None:
    query = '{"bool": {"should": [{"match": {"text": "{query}"}}, {"match_phrase": {"title": "{query}"}}]}}'
    words = 'a"}}, {"match_all": {}}'
    Searched("far", server.searches(query=query)).rank(Query("", words), collection_of(), EVERY).run()
    expected = {"bool": {"should": [{"match": {"text": words}}, {"match_phrase": {"title": words}}]}}
    assert server.asked[0][2]["query"] == expected


def test_ids_can_stand_in_a_field(server: Server) -> None:
    server.answers = [(200, hits(("7", 2.0), ("8", 1.0), sources={"7": {"doc": "d4"}, "8": {"doc": "d1"}}))]
    ranking = server.ranked(id_field="doc")
    assert server.asked[0][2]["_source"] == {"includes": ["doc"]}
    assert ranking.scores.tolist() == [1.0, 0.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("secret", "header"),
    [
        ("elastic:s3cret:x", "Basic " + base64.b64encode(b"elastic:s3cret:x").decode()),
        ("QUJD", "ApiKey QUJD"),
    ],
)
def test_the_key_of_the_environment_is_sent(server: Server, secret: str, header: str) -> None:
    server.ranked({"SEARCH_KEY": f" {secret}\n"}, key="SEARCH_KEY")
    headers = {name.lower(): value for name, value in server.headers[0].items()}
    assert headers["authorization"] == header


def test_another_key_is_taken_up_without_a_restart(server: Server) -> None:
    secrets = {"SEARCH_KEY": "QUJD"}
    searches = Searches(read_indexes(server.toml(key="SEARCH_KEY")), lambda name: secrets[name])
    for value in ("QUJD", "WFla"):
        secrets["SEARCH_KEY"] = value
        Searched("far", searches).rank(ASKED, collection_of(), EVERY).run()
    sent = [{name.lower(): value for name, value in each.items()}["authorization"] for each in server.headers]
    assert sent == ["ApiKey QUJD", "ApiKey WFla"]


def test_words_of_the_engine_tell_nobody_who_asks_and_where(server: Server) -> None:
    host = server.url.partition("//")[2]
    reason = (
        "unable to authenticate user [svc_admin] by pass-word for REST request [/Secret-index/_search] to "
        f"{server.url}, {host}; secret-indexes of 127.0.0.1 are [old-2024] and [older]"
    )
    server.answers = [(401, error("security_exception", reason, 401))]
    with pytest.raises(RemoteError) as failed:
        server.ranked({"KEY": "svc_admin:pass-word"}, key="KEY", index="secret-index, old*")
    said = (
        "far found nothing: it answered with status 401, “unable to authenticate user […] by … for REST request "
        "[/…/_search] to …, …; secret-indexes of … are […] and […]”."
    )
    assert str(failed.value) == said


def test_a_secret_is_hidden_before_words_are_cut(server: Server) -> None:
    broken = {**SHARD, "reason": "x" * 190 + " QUJDREVGR0g="}
    shards = {"total": 2, "failed": 1, "failures": [{**FAILURE, "reason": broken}]}
    server.answers = [(200, {**FOUND, "_shards": shards})]
    with pytest.raises(RemoteError) as failed:
        server.ranked({"KEY": "QUJDREVGR0g="}, key="KEY")
    assert "QUJD" not in str(failed.value)


# ---- in the app --------------------------------------------------------------------------------------------------


def test_it_is_a_first_stage_like_any_other(server: Server) -> None:
    service = service_with(FakeSource(), Settings(searches=server.toml(label="Shop search")))
    (first,) = [stage for stage in service.rankers.first_stages() if str(stage) == "search(far)"]
    assert service.rankers.read("search(far)") == first
    rankers = service.rankers.read_all("search(far), tiny, rrf(search(far)+bm25)")
    result = service.run(request(first=first, depth=2), rankers).run()
    assert [passage.doc_id for passage in result.candidates] == ["d3", "d1"]
    assert [ranking.ranker.label for ranking in result.rankings] == ["Shop search", "Tiny", "RRF (Shop search + BM25)"]
    assert result.rankings[2].ranker.ranks_collection


def test_closing_lets_the_visitor_go_while_the_engine_thinks() -> None:
    with running("opensearch", seconds=1.0) as slow:
        steps = Searched("far", slow.searches()).rank(ASKED, collection_of(), EVERY)
        next(steps)
        next(steps)
        steps.close()
        assert not slow.answers


# ---- what may go wrong -------------------------------------------------------------------------------------------

MISSING = (
    404,
    error(
        *("index_not_found_exception", "no such index [cities]", 404),
        **{"resource.type": "index_or_alias", "resource.id": "cities", "index_uuid": "_na_", "index": "cities"},
    ),
)
REFUSED = (401, error("security_exception", "missing authentication credentials", 401))
SHARD = {"type": "query_shard_exception", "reason": "No field mapping can be found for [tilte]", "index": "cities"}
FAILURE = {"shard": 0, "index": "cities", "node": "bWx", "reason": SHARD}
ALL_FAILED = (
    400,
    error(
        *("search_phase_execution_exception", "all shards failed", 400),
        root_cause=[SHARD], phase="query", grouped=True, failed_shards=[FAILURE],
    ),
)  # fmt: skip
PARTLY = (
    200,
    {**FOUND, "_shards": {"total": 2, "successful": 1, "skipped": 0, "failed": 1, "failures": [FAILURE]}},
)
LATE = (200, {**hits(("d3", 1.5)), "timed_out": True})
"""The time that the engine was given is over: these are the hits of the shards that had answered by then."""

COUNTED = (200, {**FOUND, "hits": {**FOUND["hits"], "total": {"value": 2, "relation": "eq"}}})
PROXY = b"<html><body>Moved</body></html>"


@pytest.mark.parametrize(
    ("answers", "kind", "sentence"),
    [
        ([MISSING], RemoteError, "far found nothing: it answered with status 404, “no such index […]”."),
        ([REFUSED], RemoteError, "it answered with status 401, “missing authentication credentials”."),
        (
            [ALL_FAILED],
            RemoteError,
            "status 400, “all shards failed: No field mapping can be found for [tilte]”",
        ),
        (
            [PARTLY],
            RemoteError,
            "only a part of the index was searched: 1 of 2 shards failed, “No field mapping can be found for [tilte]”.",
        ),
        ([LATE], RemoteError, "it ran out of its own time, and searched only a part of the index"),
        ([(302, PROXY)], RemoteError, "it answered with status 302"),
        ([(401, b"Unauthorized")], RemoteError, "it answered with status 401"),
        ([(413, PROXY)], RemoteError, "it answered with status 413"),
        ([(200, [])], RemoteError, "its answer has no hits"),
        ([(200, {"hits": {"hits": [{"_id": "d1", "_score": "2"}]}})], RemoteError, "a hit without an id or without"),
        ([(200, {**FOUND, "_shards": {"failed": 1}})], RemoteError, "1 of – shards failed."),
        ([(200, {"took": 1})], RemoteError, "its answer has no hits"),
        ([(200, hits(("d1", None)))], RemoteError, "a hit without an id or without a score"),
        ([(200, hits(("x1", 2.0), ("x2", 1.0)))], InputError, "far holds another collection: none of its 2 hits"),
    ],
)
def test_faults_are_told(server: Server, answers: list[tuple[int, Any]], kind: type[DemoError], sentence: str) -> None:
    server.answers = list(answers)
    with pytest.raises(kind) as caught:
        server.ranked()
    assert sentence in str(caught.value)


def test_a_total_is_no_matter(server: Server) -> None:
    server.answers = [COUNTED]
    assert server.ranked().found.sum() == 2


def test_an_id_that_is_no_text_is_told(server: Server) -> None:
    server.answers = [(200, {"hits": {"hits": [{"_id": "7", "_score": 1.0, "_source": ["d1"]}]}})]
    with pytest.raises(RemoteError, match="a hit without an id"):
        server.ranked(id_field="doc")


@pytest.mark.parametrize(("engine", "said"), zip(ENGINES, ("it is no Elasticsearch", "cannot be read"), strict=True))
def test_a_page_in_place_of_an_engine_is_told(engine: str, said: str) -> None:
    with running(engine, (200, PROXY)) as server, pytest.raises(RemoteError, match=said):
        server.ranked()


def test_a_busy_engine_is_asked_again(server: Server) -> None:
    busy = (429, error("circuit_breaking_exception", "too busy", 429))
    server.answers = [busy, busy]
    assert server.ranked().found.sum() == 2
    assert len(server.asked) == 3


def test_hits_that_are_not_in_the_collection_are_told(server: Server) -> None:
    server.answers = [(200, hits(("d3", 2.0), ("x1", 1.0)))]
    (warning,) = server.ranked().warnings
    assert str(warning) == "Of 2 hits of far, 1 are not among these passages and were left out."


def test_no_hits_find_nothing(server: Server) -> None:
    server.answers = [(200, hits())]
    assert not server.ranked().found.any()


def test_an_engine_that_is_not_there_is_told() -> None:
    for engine in ENGINES:
        with running(engine) as gone:
            pass
        with pytest.raises(RemoteError, match="far found nothing: it cannot be reached"):
            gone.ranked()


def test_an_engine_that_does_not_answer_in_time_is_told() -> None:
    for engine in ENGINES:
        with running(engine, seconds=0.6) as slow, pytest.raises(RemoteError, match=r"did not answer within 0\.1 s"):
            slow.ranked(timeout_seconds=0.1)


def test_an_engine_that_dribbles_is_not_waited_for(server: Server) -> None:
    server.dribbles = 0.02
    with pytest.raises(RemoteError, match=r"did not answer within 0\.1 s"):
        server.ranked(timeout_seconds=0.1)


def test_an_opensearch_that_is_called_elasticsearch_is_told() -> None:
    with running("opensearch") as other:
        searches = Searches(read_indexes(other.toml(engine="elasticsearch")))
        with pytest.raises(RemoteError, match="it is no Elasticsearch"):
            Searched("far", searches).rank(ASKED, collection_of(PASSAGES), EVERY).run()


def test_a_missing_key_is_told_before_anything_is_asked(server: Server) -> None:
    with pytest.raises(InputError, match="the environment variable SEARCH_KEY holds none"):
        Searched("far", server.searches(key="SEARCH_KEY")).check()
    assert server.asked == []


# ---- the owner's table -------------------------------------------------------------------------------------------

TABLE = '[far]\nengine = "opensearch"\naddress = "http://a:9200"\nindex = "cities"\n'


def test_a_table_is_read() -> None:
    more = 'fields = ["text"]\ntop_k = 20\ntimeout_seconds = 2\nlabel = "Shop"\n'
    expected = Index("far", "opensearch", "http://a:9200", "cities", "Shop", ("text",), top_k=20, timeout_seconds=2.0)
    assert read_indexes(TABLE + more) == {"far": expected}
    assert read_indexes(" ") == {}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("[far", "The search engines cannot be read"),
        ("[far]\n", "Search engine “far”: It has no engine."),
        (TABLE.replace("cities", ""), "It has no index. Write index = “…”."),
        (TABLE + "size = 3\n", "There is no field “size”. Fields are engine, address, index"),
        (TABLE + "fields = [1]\n", "“fields” is not a list of texts"),
        (TABLE + "top_k = 0\n", "“top_k” is 0. Write 1 or more."),
        (TABLE + "top_k = 20000\n", "engines give at most 10,000 hits"),
        (TABLE + 'query = "{query}"\n', "“query” is no JSON object with a place for the query"),
        (TABLE + 'query = \'{"{query}": 1}\'\n', "“query” is no JSON object with a place for the query"),
        (TABLE + 'query = \'{"t": NaN, "q": "{query}"}\'\n', "“query” is no JSON object with a place for the query"),
        (TABLE + 'query = \'{"match_all": {}}\'\n', "“query” is no JSON object with a place for the query"),
        (TABLE + 'key = "elastic:secret"\n', "never the key itself"),
        (TABLE.replace("a:9200", "me:pw@a:9200"), "Its address has a name, a password"),
        (TABLE.replace("opensearch", "solr"), "There is no search engine “solr”. Write one of"),
    ],
)  # fmt: skip
def test_what_a_table_cannot_say_is_told_at_the_start(table: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        RankingService(Settings(searches=table), recordings=None)
    assert sentence in str(caught.value)


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    searches = Searches(read_indexes(TABLE))
    with pytest.raises(InputError, match=r"There is no search engine “near”\. Choose one of search\(far\)\."):
        Searched("near", searches).check()


def test_the_fingerprint_is_where_and_how_it_is_asked() -> None:
    one = Searched("far", Searches(read_indexes(TABLE))).fingerprint()
    for more in ('fields = ["text"]\n', "top_k = 5\n", 'query = \'{"match": {"text": "{query}"}}\'\n'):
        assert Searched("far", Searches(read_indexes(TABLE + more))).fingerprint() != one
    assert Searched("far", Searches(read_indexes(TABLE + 'label = "Shop"\n'))).fingerprint() == one
