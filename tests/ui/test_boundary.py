"""Anything sent to the page's events over HTTP: sentences for who sent it, tracebacks for our faults alone."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import gradio as gr
import httpx
import pytest
from fakes import FakeSource, collection_of, service_with
from gradio.state_holder import SessionState
from gradio.utils import get_upload_folder
from served_app import free_port, served

from demo.errors import InputError
from demo.records import Collection, Passage
from demo.service import RankingService
from demo.settings import Settings
from demo.ui import wording as w
from demo.ui.boundary import MOST_CALLED, Page
from demo.ui.held import HeldInSessions
from demo.usage import Usage

LONG = ("\ud800x \udfff<b>é" * 15_000)[:100_000]
VALUES = {"nothing": None, "number": 7, "text": "x", "list": [], "object": {}, "long": LONG}


@dataclass
class Visitor:
    """Someone who sends events to a page, each with a session of its own unless told otherwise."""

    url: str
    client: httpx.Client
    sessions: int = 0

    def config(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get(f"{self.url}/config").json()["dependencies"]
        return found

    def session(self) -> str:
        self.sessions += 1
        return f"session-{self.sessions}"

    def send(self, calls: Sequence[dict[str, Any]], session: str = "", asked: str = "", **headers: str) -> list[Any]:
        """What came of each call: its data, or the sentence with which it failed."""
        session = session or self.session()
        found, events = dict[str, Any](), list[str]()
        for call in calls:
            body = json.dumps({"session_hash": session, **call})
            join = self.client.post(
                f"{self.url}/gradio_api/queue/join?{asked}",
                content=body,
                headers={"content-type": "application/json", **headers},
            )
            assert join.status_code == 200, join.text
            events.append(join.json()["event_id"])
        stream = self.client.stream("GET", f"{self.url}/gradio_api/queue/data", params={"session_hash": session})
        with stream as lines:
            for line in lines.iter_lines():
                message = json.loads(line.removeprefix("data:")) if line else {}
                assert message.get("msg") != "unexpected_error", message
                if message.get("msg") == "process_completed":
                    output = message["output"]
                    found[message["event_id"]] = output["data"] if message["success"] else output["error"]
                    if len(found) == len(events):
                        break
        return [found[event] for event in events]


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    def make(settings: Settings) -> RankingService:
        return RankingService(settings, models=FakeSource(), recordings=None)

    with served(make) as url, httpx.Client(timeout=60) as client:
        yield Visitor(url.rstrip("/"), client)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing that happens in the test leaves a traceback, neither of ours nor of gradio's."""
    yield
    assert "Traceback" not in capfd.readouterr().err
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_every_event_takes_anything_without_a_traceback(visitor: Visitor, quiet: None, value: Any) -> None:
    rows = visitor.config()
    calls = [{"fn_index": row["id"], "data": [value] * len(row["inputs"]), "event_data": value} for row in rows]
    found = visitor.send(calls)
    failed = [each for each in found if not isinstance(each, list)]
    assert len(failed) > len(rows) / 2, "most take none of these values"
    for told in failed:
        assert told, "it failed without a sentence"
        assert told != str(w.BUG)
        assert len(told) < 400


def test_every_kind_of_component_says_what_it_takes(visitor: Visitor, quiet: None) -> None:
    rows = {row["api_name"]: row for row in visitor.config()}
    form = ["berlin", "collection", "cities", "", None, "", "bm25", "lucene", 1.2, 0.75, None, None, True, "", 0, None]
    wrong = {
        0: (7, "“Query” is 7. Write a text in quotation marks."),
        1: ("x", "“Passages from” is &quot;x&quot;. Write one of its entries."),
        2: (["cities"], "“Passages from” is a list. Write one of its entries."),
        8: (True, "“k₁: how much repeats of a term add (0 – 10)” is true. Write a number."),
        12: ("yes", "“Leave out stop words” is &quot;yes&quot;. Write true or false."),
        14: (-1, "“Passages to rerank” is -1. Write a number, 0 or more."),
    }
    calls = []
    for place, (value, _) in wrong.items():
        data = [*form, "bundled/tiny", False, "fp32"]
        data[place] = value
        calls.append({"fn_index": rows["made"]["id"], "data": data})
    assert visitor.send(calls) == [sentence for _, sentence in wrong.values()]
    (too_few,) = visitor.send([{"fn_index": rows["made"]["id"], "data": ["berlin"]}])
    assert too_few == "The event takes 19 values, and 1 came. Load the page anew."


def test_a_sentence_comes_in_the_visitors_language(visitor: Visitor, quiet: None) -> None:
    index = next(row["id"] for row in visitor.config() if row["api_name"] == "variant_chosen")
    (told,) = visitor.send([{"fn_index": index, "data": [7]}], **{"accept-language": "zh-CN"})
    assert told.startswith("“BM25 变体”是 7。")


def test_clicks_on_what_is_not_there_are_told(visitor: Visitor, quiet: None) -> None:
    index = {row["api_name"]: row["id"] for row in visitor.config()}
    session = visitor.session()
    (drawn,) = visitor.send([{"fn_index": index["opening"], "data": ["", ""]}], session)
    assert isinstance(drawn, list), drawn
    here = {"scene": "rerank-results", "index": 0, "grade": 1}
    gone = "What was clicked is no longer there. Load the page anew."
    clicks = [
        ("judge", here, None),
        ("judge", here | {"scene": "x"}, "“scene” is &quot;x&quot;. Write one of rerank-results, compare-results."),
        ("judge", here | {"index": 99}, gone),
        ("judge", here | {"index": "0"}, "“index” is &quot;0&quot;. Write a whole number."),
        ("judge", here | {"grade": 9}, "“grade” is 9. Write one of None, 0, 1, 2, 3."),
        ("explain", here | {"index": -1}, gone),
        ("explain", {"path": "/etc/passwd", "scene": "rerank-results"}, "File /etc/passwd is not in the cache folder"),
        ("use", {"model": {"path": "/etc/passwd"}}, "“model” is null. Write a text in quotation marks."),
        ("arranged", {"index": 0.5, "action": "up"}, "“index” is 0.5. Write a whole number."),
        ("again", {"index": 3}, gone),
    ]
    data = {
        "judge": [None, "[]", None, None],
        "explain": [None] * 2,
        "use": [],
        "arranged": [None, "", None, "bm25"],
        "again": ["[]"],
    }
    calls = [{"fn_index": index[name], "data": data[name], "event_data": told} for name, told, _ in clicks]
    for (name, told, wanted), found in zip(clicks, visitor.send(calls, session), strict=True):
        assert isinstance(found, list) if wanted is None else str(found).startswith(wanted), (name, told, found)


def test_a_page_that_was_forgotten_keeps_its_judgments_and_is_told(visitor: Visitor, quiet: None) -> None:
    index = {row["api_name"]: row["id"] for row in visitor.config()}
    here = {"scene": "rerank-results", "index": 0, "grade": 1}
    kept = json.dumps([["q", "a text that was judged before", "7", 2]])
    call = {"fn_index": index["judge"], "data": [None, kept, None, None], "event_data": here}
    why = {"fn_index": index["explain"], "data": [None, None], "event_data": here}
    gone = "The server no longer keeps this result. Run it once more."
    session = visitor.session()
    assert visitor.send([call, why], session) == [gone, gone]
    visitor.send([{"fn_index": index["opening"], "data": ["", ""]}], session)
    (found,) = visitor.send([call], session)
    assert json.loads(found[1])[0][1:] == ["a text that was judged before", "7", 2]
    assert len(json.loads(found[1])) == 2


def test_a_withdrawn_judgment_stays_withdrawn_whatever_the_browser_says_it_keeps(visitor: Visitor, quiet: None) -> None:
    """Events come one after another, so what the browser keeps is that of an answer before."""
    index = {row["api_name"]: row["id"] for row in visitor.config()}
    session, kept = visitor.session(), "[]"
    visitor.send([{"fn_index": index["opening"], "data": ["", ""]}], session)
    for passage_index, grade, wanted in ((0, 1, [1]), (0, None, []), (1, 2, [2])):
        here = {"scene": "rerank-results", "index": passage_index, "grade": grade}
        call = {"fn_index": index["judge"], "data": [None, kept, None, None], "event_data": here}
        (found,) = visitor.send([call], session)
        assert [row[3] for row in json.loads(found[1])] == wanted
        kept = found[1] if grade == 1 else kept


def test_grades_that_nobody_can_give_are_not_read_from_a_browser(visitor: Visitor, quiet: None) -> None:
    index = {row["api_name"]: row["id"] for row in visitor.config()}
    here = {"scene": "rerank-results", "index": 0, "grade": 1}
    kept = json.dumps([["q", f"a text of grade {grade}", "7", grade] for grade in (10**8, 2**63, 2)])
    session = visitor.session()
    visitor.send([{"fn_index": index["opening"], "data": ["", ""]}], session)
    call = {"fn_index": index["judge"], "data": [None, kept, None, None], "event_data": here}
    (found,) = visitor.send([call], session)
    assert [row[3] for row in json.loads(found[1])] == [2, 1]


def test_a_page_whose_memory_is_needed_by_others_says_what_is_gone(quiet: None) -> None:
    """Every control answers as on a page that has just been opened."""

    def make(settings: Settings) -> RankingService:
        return RankingService(settings, models=FakeSource(), recordings=None)

    here = {"scene": "rerank-results", "index": 0, "grade": 1}
    gone = "The server no longer keeps this result. Run it once more."
    with served(make, Settings(sessions_bytes=1)) as url, httpx.Client(timeout=60) as client:
        visitor = Visitor(url.rstrip("/"), client)
        rows = visitor.config()
        index = {row["api_name"]: row["id"] for row in rows}
        opening = {"fn_index": index["opening"], "data": ["", ""]}
        judge = {"fn_index": index["judge"], "data": [None, "[]", None, None], "event_data": here}
        why = {"fn_index": index["explain"], "data": [None, None], "event_data": here}
        first = visitor.session()
        visitor.send([opening], first)
        (judged,) = visitor.send([judge], first)
        visitor.send([opening])
        kept = judged[1]
        assert visitor.send([why, judge], first) == [gone, gone]
        files = [row for row in rows if row["inputs"] and row["api_name"].startswith("made")]
        empty = [{"fn_index": row["id"], "data": [None] * len(row["inputs"])} for row in files]
        assert str(w.BUG) not in visitor.send(empty, first)
        visitor.send([opening], first)
        (again,) = visitor.send([judge | {"data": [None, kept, None, None]}], first)
        assert len(json.loads(again[1])) == 1, "the same passage once more"


@pytest.mark.parametrize("path", ["queue/join", "run/predict", "component_server"])
def test_the_name_of_a_session_is_short(visitor: Visitor, quiet: None, path: str) -> None:
    """Gradio would keep it in several places, and whoever calls chooses it."""
    told = {"data": [], "fn_index": 0, "component_id": 1, "fn_name": "x", "session_hash": "x" * 65}
    answer = visitor.client.post(f"{visitor.url}/gradio_api/{path}", json=told)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "“session_hash” has 65 characters, and at most 64 are allowed."


def test_only_uploads_are_read(visitor: Visitor, quiet: None, tmp_path: Path) -> None:
    index = {row["api_name"]: row["id"] for row in visitor.config()}
    (tmp_path / "a.txt").write_text("one\ntwo")
    with (tmp_path / "a.txt").open("rb") as file:
        (upload,) = visitor.client.post(f"{visitor.url}/gradio_api/upload", files={"files": file}).json()
    folder = Path(get_upload_folder())
    wanted = "“Choose files” is a list. Write what /gradio_api/upload has answered."
    paths = {
        upload: None,
        "/etc/passwd": wanted,
        "http://127.0.0.1:9/x": wanted,
        "a\0b": wanted,
        f"{folder}/../x/y": wanted,
        f"{folder}/in-use": wanted,
        f"{folder}/0/b.txt": "b.txt is no longer here: uploads are kept for 10 minutes. Choose the file again.",
    }
    files = [[{"path": path, "meta": {"_type": "gradio.FileData"}}] for path in paths]
    damaged = [{"path": upload, "size": "x", "meta": {"_type": "gradio.FileData"}}]
    calls = [{"fn_index": index["uploaded_1"], "data": [file, "", None, "bm25"]} for file in (*files, damaged)]
    for wanted_words, found in zip([*paths.values(), wanted], visitor.send(calls), strict=True):
        assert isinstance(found, list) if wanted_words is None else found == wanted_words


def test_endpoints_follow_no_file_and_take_half_characters(visitor: Visitor, quiet: None) -> None:
    rerank = next(row["id"] for row in visitor.config() if row["api_name"] == "rerank")
    file = {"path": f"http://127.0.0.1:{free_port()}/x", "meta": {"_type": "gradio.FileData"}}
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    calls = [
        {"fn_index": rerank, "data": ["q", passages, "", False, "", 0]}
        for passages in ([file], deep, ["\ud800 berlin", "cork"])
    ]
    refused, too_deep, (answer,) = visitor.send(calls)
    assert refused == too_deep == "“passages” is a list. Write texts, numbers, and lists of them."
    assert [row["text"] for row in answer["results"]] == ["cork", "? berlin"]


@pytest.mark.parametrize("text", ["", "7", "\0<b>%ff http://[", "9" * 5_000, "[" * 5_000])
def test_a_link_may_say_anything(visitor: Visitor, quiet: None, text: str) -> None:
    names = ("query", "collection", "passages", "reading", "fields", "first_stage", "depth", "model", "rankers")
    loads = [row for row in visitor.config() if row["backend_fn"] and any(name == "load" for _, name in row["targets"])]
    opened = [row for row in loads if row["inputs"] and not row["api_name"].startswith("opening")]  # those run it
    assert len(opened) > 3
    session = visitor.session()
    calls = [{"fn_index": row["id"], "data": [""] * len(row["inputs"])} for row in opened]
    for asked in (urlencode({name: text}) for name in (*names, "evaluate", "grade", "preset")):
        assert all(isinstance(found, list) for found in visitor.send(calls, session, asked)), asked


def test_a_fault_of_ours_is_logged_with_its_traceback_and_a_refusal_is_not(caplog: pytest.LogCaptureFixture) -> None:
    def fails(text: str) -> str:
        raise ZeroDivisionError if text == "bug" else InputError("There is no “{text}”.", text=text)

    usage = Usage()
    with Page(usage, w.Labels(), analytics_enabled=False) as page:
        field = gr.Textbox(elem_id="field")
        field.change(fails, field, field, api_visibility="private")
    _, url, _ = page.launch(server_port=free_port(), prevent_thread_lock=True, quiet=True, _frontend=False)
    try:
        with httpx.Client(timeout=60) as client:
            told = Visitor(url.rstrip("/"), client).send(
                [{"fn_index": 0, "data": [text]} for text in ("<b>", "bug", 7)]
            )
    finally:
        page.close()
    assert told == ["There is no “&lt;b&gt;”.", str(w.BUG), "“field” is 7. Write a text in quotation marks."]
    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [ZeroDivisionError]
    assert [(row.labels, row.value) for row in usage.samples()] == [((("reason", "value"), ("what", "fails")), 1)]


def test_values_are_checked_beside_the_loop_that_answers_everyone() -> None:
    class Noting(w.Labels):
        def text(self, component: Any) -> Any:
            with pytest.raises(RuntimeError, match="no running event loop"):
                asyncio.get_running_loop()
            looked.append(True)
            return super().text(component)

    looked: list[bool] = []
    with Page(Usage(), Noting(), analytics_enabled=False) as page:
        field = gr.Textbox(elem_id="field")
        field.change(str, field, field)
    found = asyncio.run(page.process_api(0, ["a"], SessionState(page)))
    assert (found["data"], looked) == (["a"], [True])


def test_sessions_that_keep_nothing_are_forgotten_but_for_the_latest() -> None:
    """Gradio remembers all components for each session, and every caller may begin as many as he likes."""

    def counts(text: str) -> Iterator[str]:
        if text == "bug":
            raise ZeroDivisionError
        yield from ("1", text)

    with Page(Usage(), w.Labels(), analytics_enabled=False) as page:
        field, kept = gr.Textbox(elem_id="field"), gr.State("")
        field.change(counts, field, field, api_name="counts")
        field.submit(lambda text: (text, text), field, [field, kept], api_name="keeps")
    _, url, _ = page.launch(server_port=free_port(), prevent_thread_lock=True, quiet=True, _frontend=False)
    try:
        with httpx.Client(timeout=60) as client:
            visitor = Visitor(url.rstrip("/"), client)
            visitor.send([{"fn_index": 1, "data": ["a", None]}], session="page")
            visitor.send([{"fn_index": 0, "data": ["2"]}], session="page")
            for text in ("2", "bug") * (MOST_CALLED // 2 + 1):
                visitor.send([{"fn_index": 0, "data": [text]}])
            sessions = list(page.state_holder.session_data)
            assert len(sessions) == MOST_CALLED + 1
            assert "page" in sessions
            assert "session-2" not in sessions
            for session in page.state_holder.session_data.values():
                assert not list(session.components)
                assert not dict(session.config_values)
    finally:
        page.close()


def test_sessions_are_bounded_in_bytes_and_what_the_longest_unused_holds_goes_first() -> None:
    """Whoever comes back to such a page is told to upload again."""

    def asked_for(text: str) -> tuple[str, tuple[str, Collection]]:
        return text, ("asked", collection_of((Passage("d", text * 100_000),)))

    def known(text: str, inputs: tuple[str, Collection] | None) -> str:
        return text if inputs is None else inputs[1].passages[0].text[:1]

    with Page(Usage(), w.Labels(), HeldInSessions(250_000), analytics_enabled=False) as page:
        field, kept = gr.Textbox(elem_id="field"), gr.State(None)
        field.change(asked_for, field, [field, kept], api_visibility="private")
        field.submit(known, [field, kept], field, api_visibility="private")
    _, url, _ = page.launch(server_port=free_port(), prevent_thread_lock=True, quiet=True, _frontend=False)
    try:
        with httpx.Client(timeout=60) as client:
            visitor = Visitor(url.rstrip("/"), client)

            def asked(session: str) -> Any:
                return visitor.send([{"fn_index": 1, "data": ["?", None]}], session=session)[0][0]

            assert asked("bare") == "?"
            for session in "ab":
                visitor.send([{"fn_index": 0, "data": [session]}], session=session)
            assert asked("a") == "a"
            visitor.send([{"fn_index": 0, "data": ["c"]}], session="c")
            assert {"bare", "b"} <= set(page.state_holder.session_data)
            assert [asked(session) for session in "abc"] == ["a", "?", "c"]
    finally:
        page.close()


def test_every_component_that_an_event_takes_has_its_kind() -> None:
    """So a component of a new class is given a row before a visitor meets it."""
    from demo.ui.app import build_app
    from demo.ui.values import KINDS

    page, _ = build_app(Settings(), service_with(FakeSource()))
    taken = {type(part) for event in page.fns.values() if event.fn for part in event.inputs if not part.stateful}
    assert taken
    assert not [kind for kind in taken if not any(issubclass(kind, row.component) for row in KINDS)]
