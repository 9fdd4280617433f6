"""The app on a free port, for the browser tests, real clients and the page's benchmark."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from demo import api
from demo.service import RankingService
from demo.settings import Settings
from demo.ui.app import build_app, launch_options


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    make_service: Callable[[Settings], RankingService] = RankingService, settings: Settings = Settings()
) -> Iterator[str]:
    """The address of an app of its own, closed afterwards."""
    settings = replace(settings, port=settings.port if settings.port != Settings().port else free_port())
    service = make_service(settings)
    page, i18n = build_app(settings, service)
    options = {**launch_options(settings, i18n), "ssr_mode": False}
    server, url, _ = page.launch(**options, prevent_thread_lock=True, quiet=True)
    api.mount(server, settings, service)
    try:
        yield url
    finally:
        page.close()
