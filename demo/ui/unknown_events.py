"""Calls that are refused before any event.

They are of what the page does not have, such as a page that was open before a restart makes, have wrong names, or are
for a session whose own name is too long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from traceback import walk_tb
from typing import Any

from gradio.route_utils import FnIndexInferError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo.errors import InputError
from demo.ui import wording as w

CALLS = ("/queue/join", "/run/", "/api/", "/call/", "/component_server")
"""Parts of the paths by which Gradio is asked to do something."""

LOOK_UPS = {"get_fn": "route_utils.py", "_": "routes.py", "component_server": "routes.py", "construct_args": "utils.py"}
"""Functions of Gradio that look up what a call names, with their files."""


def answer_failed_look_up(request: Request, error: Exception) -> Response:
    """404 where nothing but the look-up of the event failed, 422 where it was that of its arguments.

    Raises:
        Exception: any other error, as it came.
    """
    name, file = _failed_in(error)
    if not any(part in request.url.path for part in CALLS) or LOOK_UPS.get(name) != file:
        raise error
    sentence, status = (w.WRONG_ARGUMENTS, 422) if name == "construct_args" else (w.NO_SUCH_EVENT, 404)
    return JSONResponse({"detail": sentence.to(w.language_of(request))}, status)


def answer_refusal(request: Request, error: InputError) -> Response:
    """400 with the sentence."""
    return JSONResponse({"detail": error.message.to(w.language_of(request))}, 400)


HANDLERS: Mapping[type[Exception], Callable[[Request, Any], Response]] = {
    KeyError: answer_failed_look_up,
    TypeError: answer_failed_look_up,
    FnIndexInferError: answer_failed_look_up,
    InputError: answer_refusal,
}
"""Without them Gradio's failed look-up is an error of the server, with a traceback in the log."""


def _failed_in(error: Exception) -> tuple[str, str]:
    """Names of the function that raised the error and of its file."""
    *_, (frame, _) = walk_tb(error.__traceback__)
    return frame.f_code.co_name, Path(frame.f_code.co_filename).name
