"""The app on a free port, for the browser tests and the page's benchmark."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from demo.service import RankingService
from demo.settings import Settings
from demo.ui.app import build_app, launch_options


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(make_service: Callable[[Settings], RankingService] = RankingService) -> Iterator[str]:
    """The address of an app of its own, closed afterwards."""
    settings = Settings(port=free_port())
    service = make_service(settings)
    app, i18n = build_app(settings, service)
    _, url, _ = app.launch(
        **launch_options(settings, i18n, service), prevent_thread_lock=True, quiet=True
    )
    try:
        yield url
    finally:
        app.close()
