"""What is told over the page: a message there is HTML, so what a visitor or a link wrote in it is escaped."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest

from demo.errors import InputError
from demo.settings import ROOT
from demo.ui.parts import Download


def test_a_message_over_the_page_never_holds_a_links_html() -> None:
    def make(name: str) -> dict[str, str]:
        raise InputError("There is no ranker “{name}”.", name=name)

    with gr.Blocks() as page:
        Download(gr.Button(), gr.JSON()).serve(make, [gr.Textbox()])
    handler: Any = page.fns[0].fn
    with pytest.raises(gr.Error) as told:
        handler(None, "<img src=x onerror=alert(1)> & <b>")
    assert told.value.message == "There is no ranker “&lt;img src=x onerror=alert(1)&gt; &amp; &lt;b&gt;”."


def test_messages_over_the_page_come_from_few_places() -> None:
    """Each escapes what a visitor wrote, or says nothing of it; `api` is for programs, which show no HTML."""
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "demo").rglob("*.py")
        if any(f"gr.{name}(" in path.read_text(encoding="utf-8") for name in ("Error", "Warning", "Info"))
    }
    assert files == {f"demo/ui/{name}.py" for name in ("parts", "api", "tabs/history", "history/keeping")}
