"""Starts Rerank Lens: `python app.py` serves the page at http://127.0.0.1:7860."""

from __future__ import annotations

import sys

from demo.errors import DemoError
from demo.settings import Settings


def main() -> None:
    """Serves the page until it is stopped. Models load behind it: the page is up before torch is."""
    try:
        settings = Settings.from_env()
    except DemoError as error:
        sys.exit(str(error))

    from demo.service import RankingService
    from demo.ui.app import build_app, launch_options

    service = RankingService(settings)
    app, i18n = build_app(settings, service)
    service.warm_up()
    app.launch(**launch_options(settings, i18n))


if __name__ == "__main__":
    main()
