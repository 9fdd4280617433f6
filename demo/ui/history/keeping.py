"""What a run leaves in the visitor's browser: the inputs of the last one as a link, and a line of history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from demo.errors import DemoError
from demo.judgments import Judgments
from demo.messages import Message
from demo.ui import wording as w
from demo.ui.history.past import Past, read_runs, runs_text, with_run
from demo.ui.memory import ADD_TO_HISTORY, MOST_KEPT_CHARS, Memory
from demo.ui.page import QUICK

TOO_LONG = Message(
    "This browser cannot keep so many passages ({chars:,} characters) over a reload. Save the result if you need it."
)


def keep(
    memory: Memory,
    running: Any,
    past: Callable[[Any, Judgments, str, str], Past | None],
    write: Callable[..., str],
    inputs: Sequence[Any],
    kept: gr.State,
    judgments: gr.State,
    address: gr.BrowserState | gr.Textbox,
) -> None:
    """Keeps the run, and what `write` gives of the inputs, whenever the event `running` has ended well.

    Args:
        past: makes what the history keeps of `kept`, judgments, address and time.
        kept: what was shown then.
        address: takes the address of the run, for the browser's address bar, and to open it again after a reload.
    """

    def remembered(request: gr.Request, shown: Any, judged: Judgments, history: str, *values: Any) -> tuple[Any, Any]:
        if shown is None:
            return gr.skip(), gr.skip()
        try:
            text = write(*values)
        except DemoError:
            text = ""
        if len(text) > MOST_KEPT_CHARS:
            gr.Info(TOO_LONG.format(chars=len(text)).to(w.language_of(request)))
            text = ""
        time = datetime.now(UTC).isoformat(timespec="seconds")
        found = past(shown, judged, text, time)
        return text, gr.skip() if found is None else runs_text(with_run(read_runs(history), found))

    running.success(remembered, [kept, judgments, memory.history, *inputs], [address, memory.history], **QUICK).success(
        None, address, None, js=ADD_TO_HISTORY, api_visibility="private"
    )
