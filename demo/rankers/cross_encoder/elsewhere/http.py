"""Work that goes to an address: Ray Serve answers there, or anything else that speaks `wire`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx

from demo.errors import InputError, RemoteError
from demo.messages import Message
from demo.rankers.cross_encoder.elsewhere.source import Elsewhere
from demo.rankers.cross_encoder.elsewhere.wire import (
    INVALID,
    MODELS_PATH,
    PATH,
    Answer,
    Work,
    places_from_json,
    refusal_from_json,
)
from demo.rankers.owner_tables import parts_of
from demo.settings import Settings

AGAIN = frozenset({429, 500, 502, 503, 504})
"""Statuses of a server that is full, starts, stops or died: scores depend on nothing else, so asking again is safe."""

ATTEMPTS = 8
BACKOFF_SECONDS = 0.1
"""Before the second attempt; doubled for each further one, up to LONGEST_BACKOFF_SECONDS: 10 seconds in all."""

LONGEST_BACKOFF_SECONDS = 4.0
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 120.0
LOAD_SECONDS = 1_800.0
"""A model that has to be downloaded first takes its time."""


class _AgainError(Exception):
    """The same request may be answered later."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Http:
    """Asks the servers behind one address. Used within one event loop."""

    def __init__(self, address: str, backoff_seconds: float = BACKOFF_SECONDS) -> None:
        self._address = address
        self._backoff_seconds = backoff_seconds
        self._client: httpx.AsyncClient | None = None

    async def send(self, work: Work) -> Answer:
        """The scores.

        Raises:
            DemoError: the servers refused, or did not answer however often they were asked.
        """
        pause = self._backoff_seconds
        for left in range(ATTEMPTS - 1, -1, -1):
            try:
                return await self._once(work)
            except _AgainError as error:
                if not left:
                    raise self._failed(
                        Message("{reason}, {attempts} times", reason=error.reason, attempts=ATTEMPTS)
                    ) from error
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_BACKOFF_SECONDS)
        raise AssertionError("the last attempt answers or raises")

    async def places(self) -> Mapping[str, str]:
        """As `Transport.places`; asked once.

        Raises:
            DemoError: the servers did not answer, or with something else.
        """
        try:
            response = await self._connected().get(self._address + MODELS_PATH, timeout=CONNECT_SECONDS)
            response.raise_for_status()
            return places_from_json(response.content)
        except httpx.HTTPError as error:
            raise self._failed(Message("nobody can be reached there")) from error
        except ValueError as error:
            raise self._failed(Message("their answer cannot be read")) from error

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(limits=httpx.Limits(max_connections=None), follow_redirects=False)
        return self._client

    async def _once(self, work: Work) -> Answer:
        seconds = ANSWER_SECONDS if work.texts else LOAD_SECONDS
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        headers = {"Content-Type": "application/json"}
        try:
            response = await self._connected().post(
                self._address + PATH, content=work.to_json(), headers=headers, timeout=timeout
            )
        except httpx.ConnectError as error:
            raise _AgainError(Message("nobody can be reached there")) from error
        except httpx.TimeoutException as error:
            raise self._failed(Message("no answer came within {seconds:g} s", seconds=seconds)) from error
        except httpx.HTTPError as error:
            raise _AgainError(Message("the connection failed or was closed")) from error
        if response.status_code in AGAIN:
            raise _AgainError(Message("they answered with status {status}", status=response.status_code))
        return self._read(response, len(work.texts))

    def _read(self, response: httpx.Response, texts: int) -> Answer:
        try:
            if response.status_code == INVALID:
                raise refusal_from_json(response.content)
            answer = Answer.from_json(response.content) if response.status_code == httpx.codes.OK else None
        except ValueError as error:
            raise self._failed(Message("their answer cannot be read")) from error
        if answer is None or len(answer.scores) != texts:
            raise self._failed(Message("they answered with status {status}", status=response.status_code))
        return answer

    def _failed(self, reason: Message) -> RemoteError:
        return RemoteError(
            "The servers at {address}, which score for this page, gave no scores: {reason}. Whoever runs the page "
            "can start them, or unset RERANK_LENS_SERVING.",
            address=self._address,
            reason=reason,
        )


def source(settings: Settings) -> Elsewhere:
    """The models behind `settings.serving`.

    Raises:
        InputError: that is no address.
    """
    address = settings.serving.strip().rstrip("/")
    parts = parts_of(address)
    if parts is None or parts.query or parts.fragment:
        raise InputError(
            "RERANK_LENS_SERVING is “{address}”. Write an address such as http://127.0.0.1:8000, or unset it.",
            address=settings.serving,
        )
    return Elsewhere(Http(address))
