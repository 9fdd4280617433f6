"""Makes the README's picture anew: `python tests/picture.py` starts the app and photographs its first page."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ui"), str(ROOT / "tests")]

PICTURE = ROOT / "demo" / "page.png"


def main() -> None:
    """Writes the picture."""
    from demo.settings import silence_gradio

    silence_gradio()
    from conftest import CHROMIUM, FLAGS
    from playwright.sync_api import sync_playwright
    from served_app import served

    from demo.service import RankingService
    from demo.settings import Settings

    def warm(settings: Settings) -> RankingService:
        service = RankingService(settings)
        service.warm_up().join()
        return service

    with served(warm) as address, sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page(
            viewport={"width": 1440, "height": 1180}
        )
        page.goto(address)
        page.wait_for_selector("#scatter .main-svg")
        page.wait_for_timeout(1000)  # for fonts
        page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
