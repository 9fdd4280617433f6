"""The real page in a real Chromium: an app on a free port, and pages that refuse errors and foreign requests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import unfold
from served_app import served

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PATIENCE = 60_000 if os.environ.get("CI") else 30_000
"""Milliseconds to wait for what a loaded machine is slow to show."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium for one file: its driver keeps an event loop running, beside which other tests cannot start theirs."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"There is no Chromium at {CHROMIUM}; under CI the browser tests may not be skipped.")
        pytest.skip(f"There is no Chromium at {CHROMIUM}. Install it, or name another with CHROMIUM=….")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, url: str) -> Iterator[Callable[..., Any]]:
    """`open_page(width=…, locale=…, …)`; the test fails on a console error or a request to another host.

    With `unfolded` every section and menu of the first tab is open.
    """
    contexts: list[Any] = []
    problems: list[str] = []

    def watch(page: Any, home: str) -> None:
        page.on("console", lambda m: problems.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((home, "data:", "blob:"))
                else problems.append(f"request to {request.url}")
            ),
        )

    def opened(
        width: int = 1366,
        height: int = 900,
        locale: str = "en-GB",
        color_scheme: str = "light",
        address: str = url,
        asked: str = "",
        unfolded: bool = True,
    ) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, color_scheme=color_scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        watch(page, address)
        page.goto(f"{address}{asked}")
        page.wait_for_selector(".ranking tbody tr", state="attached")
        if unfolded:
            unfold(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)
