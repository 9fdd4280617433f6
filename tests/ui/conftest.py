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
CUT_OFF = ("console: AbortError: signal is aborted", "console: Unexpected error Connection errored out")
"""What Gradio says of its own streams when the page is loaded anew while they are open."""


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


class _Kept:
    """A page that many tests load anew: its scripts are compiled already, which is half of what loading takes."""

    def __init__(self, browser: Any, locale: str) -> None:
        context = browser.new_context(locale=locale)
        self.page = context.new_page()
        self.problems: list[str] = []
        self._home = ""
        self._devtools = context.new_cdp_session(self.page)
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda m: m.type == "error" and self.problems.append(f"console: {m.text}"))
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on("request", lambda request: self._check(request.url))
        self.page.on("framenavigated", lambda _: self._forget_cut_off())

    def _forget_cut_off(self) -> None:
        self.problems = [problem for problem in self.problems if not problem.startswith(CUT_OFF)]

    def _check(self, url: str) -> None:
        if not url.startswith((self._home, "data:", "blob:", "about:")):
            self.problems.append(f"request to {url}")

    def load(self, home: str, asked: str, width: int, height: int, color_scheme: str) -> Any:
        """The page as one sees it who was never here."""
        self._home = home
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(media="screen", color_scheme=color_scheme)
        self.page.goto(f"{home}{asked}")
        self.page.wait_for_selector(".ranking tbody tr", state="attached")
        return self.page

    def leave(self) -> None:
        """Ends what runs in it and forgets what the browser keeps."""
        self.page.goto("about:blank")
        kinds = {"origin": self._home, "storageTypes": "local_storage,indexeddb,cookies"}
        self._devtools.send("Storage.clearDataForOrigin", kinds)
        self.problems.clear()


@pytest.fixture(scope="module")
def kept_pages(browser: Any) -> dict[str, _Kept]:
    """By their language, those of one file."""
    return {}


@pytest.fixture
def open_page(browser: Any, url: str, kept_pages: dict[str, _Kept]) -> Iterator[Callable[..., Any]]:
    """`open_page(width=…, locale=…, …)`; the test fails on a console error or a request to another host.

    With `unfolded` every section and menu of the first tab is open. Each call is another visitor's page.
    """
    used: list[_Kept] = []

    def opened(
        width: int = 1366,
        height: int = 900,
        locale: str = "en-GB",
        color_scheme: str = "light",
        address: str = url,
        asked: str = "",
        unfolded: bool = True,
    ) -> Any:
        kept = kept_pages.get(locale)
        if kept is None or kept.page.is_closed():
            kept = kept_pages[locale] = _Kept(browser, locale)
        elif kept in used:
            kept = _Kept(browser, locale)
        used.append(kept)
        page = kept.load(address, asked, width, height, color_scheme)
        if unfolded:
            unfold(page)
        return page

    yield opened
    problems = [problem for kept in used for problem in kept.problems]
    for kept in used:
        if kept in kept_pages.values() and not kept.page.is_closed():
            kept.leave()
        else:
            kept.page.context.close()
    assert not problems, "\n".join(problems)
