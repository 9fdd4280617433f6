"""Starts Rerank Lens: `python app.py` serves the page at http://127.0.0.1:7860."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from pathlib import Path
from threading import Event, Timer
from typing import TYPE_CHECKING

from demo.errors import DemoError, InputError
from demo.messages import Message
from demo.settings import Settings, keep_uploads_in, silence_gradio
from demo.uploads import Uploads

if TYPE_CHECKING:
    from demo.rankers.cross_encoder.scoring import ModelSource


GRACE_SECONDS = 1
"""How long those who are still being answered are waited for when the app ends."""

END_SECONDS = 2.5
"""How long ending may take in all."""


def main() -> None:
    """Serves the page until it is stopped. The page is up before torch is; the default model loads behind it."""
    signal.signal(signal.SIGTERM, _end)
    try:
        settings = Settings.from_env()
        check_address(settings)
        check_folders(settings)
        uploads = open_uploads(settings)
    except DemoError as error:
        sys.exit(str(error))
    try:
        serve(settings, uploads)
    except DemoError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
    finally:
        uploads.close()


def serve(settings: Settings, uploads: Uploads) -> None:
    """Serves the page until SIGINT or SIGTERM.

    Raises:
        DemoError: the collections or the models' descriptions cannot be read.
    """
    keep_uploads_in(uploads.path)
    silence_gradio()
    if settings.log_requests:
        logging.basicConfig(format="%(asctime)s %(name)s %(message)s", level=logging.WARNING)
        logging.getLogger("rerank_lens").setLevel(logging.INFO)
    models: ModelSource | None = None
    if settings.zero_gpu:
        from demo.rankers.cross_encoder import zero_gpu

        models = zero_gpu
    from demo import api
    from demo.service import RankingService
    from demo.ui.app import build_app, launch_options

    service = RankingService(settings, models=models)
    app, i18n = build_app(settings, service)
    beside = api.beside(settings, service, uploads)
    app.launch(**launch_options(settings, i18n, beside), prevent_thread_lock=True)
    try:
        service.warm_up()
        Event().wait()
    finally:
        service.turns.close()
        end_soon(uploads)
        app.server.config.timeout_graceful_shutdown = GRACE_SECONDS
        app.close(verbose=False)


def end_soon(uploads: Uploads) -> None:
    """Ends the process after END_SECONDS if it has not ended by itself, whatever still runs in it."""

    def end() -> None:
        uploads.close()
        os._exit(0)

    last = Timer(END_SECONDS, end)
    last.daemon = True
    last.start()


def _end(number: int, frame: object) -> None:
    """Ends as on Ctrl+C: what a container or a Space sends when it is stopped."""
    raise KeyboardInterrupt


def check_address(settings: Settings) -> None:
    """Nothing, if the page can be served at the settings' address.

    Raises:
        InputError: the port is taken or not allowed, or the address is not this machine's.
    """
    try:
        family, kind, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (socket.gaierror, UnicodeError) as error:
        raise InputError(
            Message(
                "“{host}” is no address of this machine. Set RERANK_LENS_HOST to 127.0.0.1, or to 0.0.0.0 for every "
                "interface.",
                host=settings.host,
            )
        ) from error
    except OSError as error:
        raise InputError(
            Message(
                "The page cannot be served at {host}, port {port}: {reason}. Free the port, or name another with "
                "RERANK_LENS_PORT or another address with RERANK_LENS_HOST.",
                host=settings.host,
                port=settings.port,
                reason=error.strerror or str(error),
            )
        ) from error


def check_folders(settings: Settings) -> None:
    """Nothing, if the folders that the settings name can be used.

    Raises:
        InputError: the one of the models is not there, or something else has the name of the one of the indexes.
    """
    if settings.models_folder and not Path(settings.models_folder).expanduser().is_dir():
        raise InputError(
            "There is no folder “{folder}”. Make it, or name another with RERANK_LENS_MODELS_FOLDER.",
            folder=settings.models_folder,
        )
    indexes = Path(settings.indexes_folder).expanduser()
    if settings.indexes_folder and indexes.exists() and not indexes.is_dir():
        raise InputError(
            "“{folder}” is no folder. Name another with RERANK_LENS_INDEXES_FOLDER.", folder=settings.indexes_folder
        )


def open_uploads(settings: Settings) -> Uploads:
    """The folder for uploads.

    Raises:
        InputError: it cannot be made or written to.
    """
    try:
        return Uploads.open(settings)
    except OSError as error:
        raise InputError(
            Message(
                "The folder for uploads cannot be written: {reason}. Name another with RERANK_LENS_UPLOADS_FOLDER.",
                reason=f"{error.filename}: {error.strerror}" if error.filename else str(error),
            )
        ) from error


if __name__ == "__main__":
    main()
