"""What answers at the address: the protocols of `demo.api`, and the work that pages send here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, Request, Response
from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from demo import api
from demo.errors import BusyError, DemoError, InputError, RemoteError
from demo.rankers.cross_encoder.elsewhere.source import Elsewhere, Transport
from demo.rankers.cross_encoder.elsewhere.wire import (
    INVALID,
    MODELS_PATH,
    PATH,
    Answer,
    Work,
    places_to_json,
    refusal_to_json,
)
from demo.service import RankingService
from demo.settings import Settings

ATTEMPTS = 5
"""A replica that dies takes its requests with it; scores depend on nothing else, so they are asked for again."""

AGAIN_SECONDS = 0.2
START_SECONDS = 60.0
"""How long a front waits for replicas before it takes requests; its way to them is slow the first time, by seconds."""

BUSY_SECONDS = 2.0
BUSY = 503
JSON = "application/json"

_LOG = logging.getLogger(__name__)


class Replicas:
    """Takes work to whichever replica has room."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._handle = handle

    async def send(self, work: Work) -> Answer:
        """The scores; cancelling it cancels the request at the replica.

        Raises:
            BusyError: too many wait at every replica.
            DemoError: the replica's reason.
        """
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                answer = await self._once(work)
            except BackPressureError as error:
                raise BusyError("All servers are busy. Come back in a moment.", BUSY_SECONDS) from error
            except RayError as error:
                if not left:
                    _LOG.error("No replica scored", exc_info=error)
                    raise RemoteError("The servers that score failed. Try again in a minute.") from error
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                if isinstance(answer, DemoError):
                    raise answer
                return answer
        raise AssertionError("the last attempt answers or raises")

    async def places(self) -> Mapping[str, str]:
        """As `Transport.places`: where the weights are on the machine of whichever replica answers.

        Raises:
            RemoteError: none does.
        """
        try:
            places: Mapping[str, str] = await self._handle.places.remote()
            return places
        except RayError as error:
            raise RemoteError("The servers that score failed. Try again in a minute.") from error

    async def _once(self, work: Work) -> Answer | DemoError:
        response = self._handle.score.remote(work)
        try:
            answer: Answer | DemoError = await response
            return answer
        except asyncio.CancelledError:
            response.cancel()
            raise


def application(settings: Settings, transport: Transport) -> FastAPI:
    """All routes, over models that the transport leads to; it is up once they were asked something."""

    @asynccontextmanager
    async def asked_first(_: FastAPI) -> AsyncIterator[None]:
        with suppress(DemoError, TimeoutError):  # whoever asks then waits instead
            await asyncio.wait_for(transport.places(), START_SECONDS)
        yield

    app = FastAPI(openapi_url=None, lifespan=asked_first)
    api.mount(app, settings, RankingService(settings, models=Elsewhere(transport), recordings=None))

    @app.post(PATH, include_in_schema=False)
    async def score(request: Request) -> Response:
        """The scores of one piece of work, as `wire` has it."""
        try:
            work = _read(await request.body(), settings)
            answer = await transport.send(work)
        except BusyError as error:
            return Response(refusal_to_json(error), BUSY, {"retry-after": "1"}, JSON)
        except DemoError as error:
            return Response(refusal_to_json(error), INVALID, media_type=JSON)
        return Response(answer.to_json(), media_type=JSON)

    @app.get(MODELS_PATH, include_in_schema=False)
    async def models() -> Response:
        """Where the models' weights are."""
        try:
            return Response(places_to_json(await transport.places()), media_type=JSON)
        except DemoError as error:
            return Response(refusal_to_json(error), BUSY, media_type=JSON)

    return app


def _read(body: bytes, settings: Settings) -> Work:
    try:
        work = Work.from_json(body)
    except ValueError as error:
        raise InputError(
            "The body of the request is no work for these servers. Pages of this app alone should send it; other "
            "programs use /rerank."
        ) from error
    if len(work.texts) > settings.max_candidates:
        raise InputError(
            "There are {texts:,} documents; at most {most:,} are ranked at once. Send them in parts.",
            texts=len(work.texts),
            most=settings.max_candidates,
        )
    return work


class Ingress:
    """Answers requests and computes nothing itself."""

    def __init__(self, scorer: DeploymentHandle[Any], settings: Settings) -> None:
        self._scorer, self._settings = scorer, settings

    def __serve_build_asgi_app__(self) -> FastAPI:
        return application(self._settings, Replicas(self._scorer))
