"""What is served beside the page: health, figures, bounds of bodies and uploads, names of hosts, headers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import anyio
import pytest
from fakes import FakeSource, run, service_with
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from demo.api import mount
from demo.api.hosts import allowed_names, host_name
from demo.api.metrics import MEANINGS, PREFIX, samples, written
from demo.api.social_card import with_card
from demo.api.stored_uploads import UploadLimit
from demo.service import RankingService
from demo.settings import Settings
from demo.uploads import Uploads
from demo.usage import Sample

SETTINGS = Settings(max_body_bytes=1_000, max_stored_bytes=500)


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[Uploads]:
    found = Uploads.open(Settings(uploads_folder=str(tmp_path), max_stored_bytes=500))
    yield found
    found.close()


@pytest.fixture
def service() -> RankingService:
    return service_with(FakeSource())


def client_of(settings: Settings, service: RankingService, uploads: Uploads | None = None) -> TestClient:
    app = FastAPI()
    mount(app, settings, service, uploads)

    @app.post("/echo")
    @app.post("/gradio_api/upload")
    async def echo(request: Request) -> int:
        return len(await request.body())

    return TestClient(app, base_url="http://127.0.0.1")


@pytest.fixture
def client(service: RankingService, uploads: Uploads) -> TestClient:
    return client_of(SETTINGS, service, uploads)


def test_health_answers_under_every_name(client: TestClient) -> None:
    answer = client.get("/health", headers={"host": "10.0.0.7:7860"})
    assert answer.json() == {
        "status": "ok",
        "requests": {"small running": 0, "small waiting": 0, "large running": 0, "large waiting": 0},
    }


# ---- figures -----------------------------------------------------------------------------------------------------


def test_figures_tell_what_was_done_and_what_is_held(client: TestClient, service: RankingService) -> None:
    run(service, "bm25, tiny")
    text = client.get("/metrics").text
    assert f'{PREFIX}requests_total{{outcome="done",what="run"}} 1\n' in text
    assert f'{PREFIX}pairs_total{{what="run"}} 8\n' in text
    assert f'{PREFIX}model_bytes{{model="bundled/tiny",precision="fp32"}} 100\n' in text
    assert f'{PREFIX}kept_bytes{{what="scores"}} 1640\n' in text
    assert f'{PREFIX}kept_bytes{{what="tokens"}} 30\n' in text
    assert f'{PREFIX}kept_bytes{{what="beginnings"}} 40\n' in text
    assert f'{PREFIX}kept_bytes{{what="vectors"}} 0\n' in text
    assert f'{PREFIX}running{{lane="small"}} 0\n' in text
    assert f"{PREFIX}uploads_bytes 0\n" in text


def test_every_figure_has_a_type_and_stands_with_its_like(client: TestClient, service: RankingService) -> None:
    run(service)
    lines = client.get("/metrics").text.splitlines()
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    assert {name.removeprefix(PREFIX) for name in types} <= set(MEANINGS)
    assert {line.split("{")[0].split()[0] for line in lines if not line.startswith("#")} == set(types)


def test_nothing_of_a_visitor_is_among_the_figures(service: RankingService) -> None:
    steps = service.run(service.worked_example(), service.rankers.read_all("tiny"), visitor="203.0.113.9")
    steps.run()
    text = written(samples(service, None))
    assert "203.0.113.9" not in text
    assert "Berlin" not in text


@pytest.mark.parametrize(
    ("value", "text"), [(1234567, "1234567"), (1234567.25, "1234567.25"), (2e9, "2000000000"), (0.1, "0.1")]
)
def test_a_counter_keeps_all_its_digits(value: float, text: str) -> None:
    assert written([Sample("model_bytes", (), value)]).splitlines()[-1] == f"{PREFIX}model_bytes {text}"


def test_label_values_are_escaped() -> None:
    sample = Sample("model_bytes", (("model", 'a"b\\c\nd'),), 1)
    assert written([sample]).splitlines()[-1] == f'{PREFIX}model_bytes{{model="a\\"b\\\\c\\nd"}} 1'


def test_figures_can_be_switched_off(service: RankingService) -> None:
    assert client_of(Settings(metrics=False), service).get("/metrics").status_code == 404


# ---- bounds ------------------------------------------------------------------------------------------------------


def test_a_body_within_the_bound_comes_through(client: TestClient) -> None:
    assert client.post("/echo", content=b"x" * 1_000).json() == 1_000


@pytest.mark.parametrize("told", [True, False])
def test_a_longer_body_is_refused_whether_its_length_is_told_or_not(client: TestClient, told: bool) -> None:
    content = b"x" * 1_001 if told else (b"x" * 100 for _ in range(11))
    answer = client.post("/echo", content=content, headers={"accept-language": "zh-CN"})
    assert answer.status_code == 413
    assert "1,000" in answer.json()["detail"]
    assert "bytes" not in answer.json()["detail"], "it is said in Chinese"


def test_an_upload_for_which_there_is_no_room_is_refused(client: TestClient, uploads: Uploads) -> None:
    assert client.post("/gradio_api/upload", content=b"x" * 400).json() == 400
    (uploads.path / "a").write_bytes(b"x" * 200)
    answer = client.post("/gradio_api/upload", content=b"x" * 400)
    assert answer.status_code == 507
    assert answer.headers["retry-after"] == "600"
    assert client.post("/echo", content=b"x" * 400).json() == 400


def test_room_for_an_upload_is_kept_until_its_request_has_ended(service: RankingService, uploads: Uploads) -> None:
    asked = client_of(SETTINGS, service, uploads)
    app = cast(FastAPI, asked.app)
    inside: list[int] = []

    @app.post("/slow/upload")
    async def slow(request: Request) -> None:
        other = TestClient(app, base_url="http://127.0.0.1")
        inside.append((await run_in_threadpool(other.post, "/gradio_api/upload", content=b"x" * 200)).status_code)
        await request.body()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asked.post("/slow/upload", content=b"x" * 400)
    assert inside == [507]
    assert asked.post("/gradio_api/upload", content=b"x" * 400).status_code == 200


def test_room_is_shared_by_the_addresses_that_the_proxy_tells(service: RankingService, uploads: Uploads) -> None:
    asked = client_of(replace(SETTINGS, proxies=1), service, uploads)
    assert uploads.make_room(100, "203.0.113.9")

    def status(address: str) -> int:
        told = {"x-forwarded-for": address}
        return asked.post("/gradio_api/upload", content=b"x" * 60, headers=told).status_code

    assert [status("203.0.113.9"), status("203.0.113.8")] == [507, 200]


def sent_after_one_part(app: ASGIApp, uploads: Uploads, length: int) -> list[Event]:
    """What is answered to an upload that says this length, and of which ten bytes come and then nothing."""
    sent: list[Event] = []
    parts = [{"type": "http.request", "body": b"x" * 10, "more_body": length > 10}]

    async def receive() -> Event:
        if not parts:
            await asyncio.sleep(60)
        return parts.pop()

    async def send(message: Event) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/gradio_api/upload",
        "headers": [(b"content-length", str(length).encode())],
        "client": ("203.0.113.9", 1),
    }
    asyncio.run(UploadLimit(app, uploads, stall_seconds=0.1)(scope, receive, send))
    return sent


def test_an_upload_that_stalls_is_ended_and_its_room_is_free_again(uploads: Uploads) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    sent = sent_after_one_part(app, uploads, length=500)
    assert sent[0]["status"] == 408
    assert b"came for 0.1 seconds, so it was ended" in sent[1]["body"]
    assert uploads.make_room(500)


def test_an_upload_that_came_may_be_worked_on_for_longer(uploads: Uploads) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert await Request(scope, receive).body() == b"x" * 10
        with anyio.move_on_after(0.3):
            await receive()
        await Response()(scope, receive, send)

    sent = sent_after_one_part(app, uploads, length=10)
    assert sent[0]["status"] == 200


def test_an_upload_tells_its_length(client: TestClient) -> None:
    assert client.post("/gradio_api/upload", content=(b"x" for _ in range(3))).status_code == 411


# ---- names and headers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "allowed", "asked", "status"),
    [
        ("127.0.0.1", "", "localhost:7860", 200),
        ("127.0.0.1", "", "127.0.0.1", 200),
        ("127.0.0.1", "", "[::1]:7860", 200),
        ("127.0.0.1", "", "evil.example", 421),
        ("127.0.0.1", "", "localhost.evil.example", 421),
        ("127.0.0.1", "*", "evil.example", 200),
        ("0.0.0.0", "", "lens.example", 200),
        ("0.0.0.0", "lens.example, other.example", "LENS.example:443", 200),
        ("0.0.0.0", "lens.example", "evil.example", 421),
    ],
)
def test_only_allowed_names_are_answered(
    service: RankingService, host: str, allowed: str, asked: str, status: int
) -> None:
    client = client_of(Settings(host=host, allowed_hosts=allowed), service)
    assert client.get("/metrics", headers={"host": asked}).status_code == status


def test_names_are_taken_out_of_headers() -> None:
    assert [host_name(each) for each in ("A.b", "a.b:1", "[::1]", "[::1]:7860", "", "::1")] == [
        "a.b",
        "a.b",
        "::1",
        "::1",
        "",
        ":",
    ]
    assert allowed_names(Settings(host="0.0.0.0")) is None


def test_every_answer_has_the_headers(client: TestClient, service: RankingService) -> None:
    for answer in (client.get("/health"), client.get("/nothing"), client.post("/echo", content=b"x" * 2_000)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors" not in answer.headers["content-security-policy"]
    framed = client_of(Settings(frame_ancestors="'self' https://a.example"), service).get("/health")
    assert framed.headers["content-security-policy"].endswith("; frame-ancestors 'self' https://a.example")


# ---- the card of a link --------------------------------------------------------------------------------------------

GRADIO_HEAD = b"""<html><head>
<meta property="og:title" content="Gradio" /><meta
  property="og:image"
  content="https://raw.githubusercontent.com/gradio-app/a.jpg"
/><meta name="twitter:creator" content="@Gradio" /><meta name="viewport" content="width=device-width" />
</head></html>"""


def test_a_link_shows_the_page_instead_of_gradio() -> None:
    page = with_card(GRADIO_HEAD, "https://lens.example").decode()
    assert "Gradio" not in page
    assert "githubusercontent" not in page
    assert '<meta property="og:image" content="https://lens.example/card.png" />' in page
    assert '<meta name="viewport" content="width=device-width" />' in page
    assert page.count("og:title") == 1


def test_a_host_in_a_card_is_text() -> None:
    assert "<script>" not in with_card(GRADIO_HEAD, 'http://a"><script>').decode()


def test_a_page_without_a_head_stays_as_it_is() -> None:
    assert with_card(b"{}", "http://a") == b"{}"


def test_the_card_of_an_answer_has_its_address_and_picture(service: RankingService) -> None:
    app = FastAPI()
    mount(app, Settings(host="0.0.0.0"), service)
    app.get("/")(lambda: HTMLResponse(GRADIO_HEAD))
    client = TestClient(app, base_url="http://space.internal")
    answer = client.get("/", headers={"x-forwarded-proto": "https", "x-forwarded-host": "me-lens.hf.space"})
    assert 'content="https://me-lens.hf.space/card.png"' in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert client.get("/card.png").headers["content-type"] == "image/png"
