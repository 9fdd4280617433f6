"""Calls of events that the page does not have, such as a page that was open before a restart makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradio.route_utils import FnIndexInferError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo.ui import wording as w

CALLS = ("/queue/join", "/run/", "/api/", "/call/")
"""Parts of the paths by which Gradio is asked to do something."""


def told(request: Request, error: Exception) -> Response:
    """404 where nothing but the look-up of the event failed.

    Raises:
        Exception: any other error, as it came.
    """
    if not any(part in request.url.path for part in CALLS) or _failed_in(error) != "get_fn":
        raise error
    return JSONResponse({"detail": w.NO_SUCH_EVENT.to(w.language_of(request))}, 404)


HANDLERS: Mapping[type[Exception], Callable[[Request, Any], Response]] = {KeyError: told, FnIndexInferError: told}
"""Without them Gradio's failed look-up is an error of the server, with a traceback in the log."""


def _failed_in(error: Exception) -> str:
    """Name of the function that raised the error."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return "" if step is None else step.tb_frame.f_code.co_name
