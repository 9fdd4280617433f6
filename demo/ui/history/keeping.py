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
from demo.ui.memory import MOST_KEPT_CHARS, NOTHING, Memory, add_to_history
from demo.ui.page import QUICK
from demo.ui.sections import Built

TOO_LONG = Message(
    "This browser cannot keep so many passages ({chars:,} characters) over a reload. Save the result if you need it."
)


def keep(
    tab: str,
    memory: Memory,
    running: Any,
    past: Callable[[Any, Judgments, str, str], Past | None],
    write: Callable[..., str],
    built: Built,
    judgments: gr.State,
    address: gr.BrowserState | gr.Textbox,
) -> None:
    """Keeps the run, and what `write` gives of its inputs, whenever the event `running` has given a result.

    Of a run that is refused nothing is kept: what is shown then is still the result of the run before. Inputs that were
    changed while it ran are those of another run.

    Args:
        past: makes what the history keeps of what is shown, judgments, address and time.
        built: what the run has filled.
        address: takes the address of the run, for the browser's address bar, and to open it again after a reload.
    """

    def remembered(
        request: gr.Request, inputs: Sequence[Any] | None, shown: Any, judged: Judgments | None, history: str
    ) -> tuple[Any, Any, None]:
        if not inputs:  # no run has given a result, or one that nobody asked for: an example
            return gr.skip(), gr.skip(), None
        try:
            text = write(*inputs)
        except DemoError:
            text = ""
        if len(text) > MOST_KEPT_CHARS:
            gr.Info(TOO_LONG.format(chars=len(text)).to(w.language_of(request)))
            text = ""
        time = datetime.now(UTC).isoformat(timespec="seconds")
        found = past(shown, judged or Judgments(), text, time)
        return text or NOTHING, gr.skip() if found is None else runs_text(with_run(read_runs(history), found)), None

    asked = [built.answered, built.kept, judgments, memory.history]
    running.success(remembered, asked, [address, memory.history, built.answered], **QUICK).success(
        None, address, None, js=add_to_history(tab), api_visibility="private"
    )
