"""Starts Rerank Lens: `python app.py` serves the page at http://127.0.0.1:7860."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from demo.errors import DemoError
from demo.settings import Settings, silence_gradio

if TYPE_CHECKING:
    from demo.rankers.cross_encoder.scoring import ModelSource


def main() -> None:
    """Serves the page until it is stopped. The page is up before torch is; the default model loads behind it."""
    try:
        settings = Settings.from_env()
    except DemoError as error:
        sys.exit(str(error))
    silence_gradio()
    models: ModelSource | None = None
    if settings.zero_gpu:
        from demo.rankers.cross_encoder import zero_gpu

        models = zero_gpu
    from demo import api
    from demo.service import RankingService
    from demo.ui.app import build_app, launch_options

    try:
        service = RankingService(settings, models=models)
    except DemoError as error:
        sys.exit(str(error))
    page, i18n = build_app(settings, service)
    try:
        server, _, _ = page.launch(**launch_options(settings, i18n), prevent_thread_lock=True)
    except OSError as error:
        sys.exit(f"Port {settings.port} cannot be served: {error}. Name another with RERANK_LENS_PORT.")
    api.mount(server, settings, service)
    service.warm_up()
    page.block_thread()


if __name__ == "__main__":
    main()
