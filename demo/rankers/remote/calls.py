"""One request to a remote reranker: sent, sent again where that can help, and its answer checked.

The only place with an HTTP client. It goes to the address that the owner wrote down and follows no redirect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import BoundedSemaphore, Event
from time import monotonic
from typing import Any

import httpx

from demo.errors import InputError, RemoteError
from demo.messages import Message
from demo.phrases import shown
from demo.rankers.owner_tables import parts_to_hide, scrubbed
from demo.rankers.remote.protocols import Answer, ShapeError
from demo.rankers.remote.servers import Server

BUSY = frozenset({429, 502, 503, 504})
LONGEST_WAIT_SECONDS = 60.0
MOST_ANSWER_BYTES = 50_000_000
_MOST_WORDS = 200
_MOST_DIGITS = 9
_TURN_SECONDS = 0.1
_KEY = re.compile(r"[!-~]+")


class StoppedError(Exception):
    """The work was closed before this request was answered."""


class _BusyError(Exception):
    """The server may answer the same request later; `seconds`, where it says when."""

    def __init__(self, reason: Message, seconds: float | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.seconds = seconds


@dataclass(eq=False)
class Caller:
    """Makes the requests to one server, for all visitors. Safe to use from several threads.

    Attributes:
        secret: the value of an environment variable, "" where it is not set.
    """

    server: Server
    secret: Callable[[str], str]
    _client: httpx.Client = field(init=False, repr=False)
    _turns: BoundedSemaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(timeout=self.server.timeout_seconds, follow_redirects=False)
        self._turns = BoundedSemaphore(self.server.concurrency)

    def check(self) -> None:
        """Nothing, if the key is there or none is needed.

        Raises:
            InputError: the variable that holds it is not set, or holds what no key is.
        """
        if self.server.key and not _KEY.fullmatch(self._key()):
            raise InputError(
                "{label} needs a key, and the environment variable {variable} holds none. Whoever runs this app "
                "can set it.",
                label=self.server.label,
                variable=self.server.key,
            )

    def _key(self) -> str:
        return self.secret(self.server.key).strip() if self.server.key else ""

    def _secrets(self) -> tuple[str, ...]:
        """What no visitor is shown, should the server's words hold it: the key, the address and parts of it."""
        return (self._key(), *parts_to_hide(self.server.address))

    def call(self, query: str, texts: Sequence[str], stopped: Event) -> Answer:
        """The scores of the texts; waits for its turn, and between attempts, until `stopped` is set.

        Raises:
            StoppedError: it was set.
            RemoteError: no usable answer came.
            InputError: the key is missing.
        """
        self.check()
        wait = self.server.backoff_seconds
        for left in range(self.server.retries, -1, -1):
            try:
                return self._in_turn(query, texts, stopped)
            except _BusyError as again:
                seconds = wait if again.seconds is None else again.seconds
                if not left or seconds > LONGEST_WAIT_SECONDS:
                    raise self._gave_up(again) from again
                if stopped.wait(seconds):
                    raise StoppedError from again
                wait *= 2
        raise AssertionError("the last attempt answers or raises")

    def _gave_up(self, again: _BusyError) -> RemoteError:
        if again.seconds is not None and again.seconds > LONGEST_WAIT_SECONDS:
            return self._error(
                Message("{reason}; it says to come back in {seconds:.0f} s", reason=again.reason, seconds=again.seconds)
            )
        return self._error(
            Message("{reason}, {attempts} times", reason=again.reason, attempts=self.server.retries + 1)
            if self.server.retries
            else again.reason
        )

    def _in_turn(self, query: str, texts: Sequence[str], stopped: Event) -> Answer:
        while not self._turns.acquire(timeout=_TURN_SECONDS):
            if stopped.is_set():
                raise StoppedError
        try:
            if stopped.is_set():
                raise StoppedError
            return self._once(query, texts)
        finally:
            self._turns.release()

    def _once(self, query: str, texts: Sequence[str]) -> Answer:
        """One exchange."""
        row, server, key = self.server.row, self.server, self._key()
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        request = json.dumps(row.request(query, texts, server.model, server.scores)).encode()
        try:
            with self._client.stream("POST", server.url, content=request, headers=headers) as response:
                content = _read(response, server.timeout_seconds)
        except httpx.TimeoutException as error:
            raise self._error(
                Message("it did not answer within {seconds:g} s", seconds=server.timeout_seconds)
            ) from error
        except (httpx.NetworkError, httpx.ProtocolError) as error:
            raise _BusyError(Message("the connection failed or was closed")) from error
        except httpx.HTTPError as error:
            raise self._error(Message("its answer cannot be read")) from error
        if response.status_code in BUSY:
            raise _BusyError(_said(response.status_code, content, self._secrets()), _retry_after(response))
        if response.status_code != httpx.codes.OK:
            raise self._error(_said(response.status_code, content, self._secrets()))
        try:
            return row.answer(json.loads(content), len(texts), server.scores)
        except ShapeError as error:
            raise self._wrong_shape(error.reason) from error
        except (ValueError, RecursionError) as error:
            raise self._wrong_shape(Message("it is no JSON")) from error

    def _wrong_shape(self, reason: Message) -> RemoteError:
        return self._error(
            Message("its answer is not one of {protocol}: {reason}", protocol=self.server.row.label, reason=reason)
        )

    def _error(self, reason: Message) -> RemoteError:
        return RemoteError("{label} gave no scores: {reason}.", label=self.server.label, reason=reason)


def _read(response: httpx.Response, seconds: float) -> bytes:
    """The whole body, in time and not beyond all measure.

    Raises:
        httpx.ReadTimeout: it takes too long; httpx.DecodingError: it is too long.
    """
    end, parts, size = monotonic() + seconds, list[bytes](), 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if monotonic() > end:
            raise httpx.ReadTimeout("the answer comes too slowly")
        if size > MOST_ANSWER_BYTES:
            raise httpx.DecodingError("the answer is too long")
    return b"".join(parts)


def _said(status: int, content: bytes, secrets: Sequence[str]) -> Message:
    """The status, and the server's own words, without any of the secrets."""
    try:
        words = _words(json.loads(content))
    except (ValueError, RecursionError):
        words = ""
    words = scrubbed(words, secrets)
    if not words:
        return Message("it answered with status {status}", status=status)
    return Message("it answered with status {status}, “{words}”", status=status, words=shown(words, _MOST_WORDS))


def _words(body: Any) -> str:
    """What an error says: servers put it under one of these names, perhaps one inside another."""
    if isinstance(body, dict):
        found = (body.get(name) for name in ("error", "message", "detail"))
        return next((words for words in map(_words, found) if words), "")
    return body if isinstance(body, str) else ""


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds until the server wants to be asked again; None where it does not say."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text[:_MOST_DIGITS])
    try:
        moment = parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):  # no date, or one beyond the calendar
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
