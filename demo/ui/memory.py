"""What a visitor's own browser keeps over a reload: the last run as a link, the judgments, the runs before.

Nothing of it stays on the server. A run that fits into an address becomes an entry of the browser's history; a longer
one stands in its storage alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import gradio as gr

from demo.judgments import GRADES, Judgment, Judgments
from demo.ui.links import EVALUATE, MOST_CHARS, OPENING

MOST_KEPT_CHARS = 2_000_000
"""Of a run; browsers keep about five million characters for a page."""
SECRET = "rerank-lens"
"""The same after every start, or what was kept could not be read again; it protects nothing."""

NOTHING = " "
"""What is kept where nothing is to be kept: the component writes no empty text, and would leave what was there."""


def add_to_history(tab: str) -> str:
    """The script that makes the address it is given that of the browser, as what this tab shows."""
    return f"""(text) => {{
      if (!text) return;
      const search = text.trim() && text.length <= {MOST_CHARS} ? '?' + text : '';
      history.pushState(history.state, '', location.pathname + search, '{tab}');
    }}"""


def tell_first_view(address: str) -> str:
    """The script that tells the page which address asks for its first view: that of the given kept run, or this."""
    return f"""(text) => {{
      const asked = text?.trim() || {json.dumps(address)};
      document.querySelector('#frame').dataset.first = asked.length <= {MOST_CHARS} ? '?' + asked : '';
    }}"""


def _kept(key: str) -> gr.BrowserState:
    return gr.BrowserState("", storage_key=f"rerank-lens-{key}", secret=SECRET)


_TELL = """(text) => document.dispatchEvent(new CustomEvent('lens-kept', {{ detail: {{ name: '{name}', text }} }}))"""

_TOLD = """
document.addEventListener('lens-kept-elsewhere', ({{ detail }}) => {{
  if (detail.name === '{name}') trigger('select', detail);
}});
"""


def follow_tabs(kept: gr.BrowserState, name: str) -> gr.HTML:
    """Tells the browser's other tabs whenever what is kept changes; what it gives is selected when one of them tells.

    The event's `text` is what that tab keeps now. Without this a tab would write down what it read when it was opened,
    and so lose what another one kept since.
    """
    kept.change(None, kept, None, js=_TELL.format(name=name), api_visibility="private")
    return gr.HTML("", js_on_load=_TOLD.format(name=name), visible="hidden")


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept, as text."""

    run: gr.BrowserState = field(default_factory=lambda: _kept("run"))
    judgments: gr.BrowserState = field(default_factory=lambda: _kept("judgments"))
    history: gr.BrowserState = field(default_factory=lambda: _kept("history"))


def asked(request: gr.Request, run: str | None) -> Mapping[str, str]:
    """What the address asks of Rerank and Compare, or else the last run that the browser has kept."""
    params = dict(request.query_params)
    return params if OPENING & set(params) and EVALUATE not in params else dict(parse_qsl(run or ""))


def judgments_text(judgments: Judgments) -> str:
    """The judgments as JSON."""
    rows = [[*key, row.doc_id, row.grade] for key, row in judgments.rows.items()]
    return json.dumps(rows, ensure_ascii=False)


def read_judgments(text: str | None) -> Judgments:
    """The judgments again; none where the text is not what `judgments_text` gives.

    Those whose grade is not one of GRADES are left out: the text may come from anyone.
    """
    try:
        rows = [row for row in json.loads(text or "[]") if row[3] in GRADES]
        return Judgments({(str(name), str(content)): Judgment(str(i), int(grade)) for name, content, i, grade in rows})
    except (ValueError, TypeError, LookupError, RecursionError):
        return Judgments()
