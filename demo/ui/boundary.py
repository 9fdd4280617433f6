"""The one place where an error becomes a message on the page, and where what was sent to an event is checked."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from html import escape
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.state_holder import SessionState, StateHolder
from starlette.concurrency import run_in_threadpool

from demo.arguments import mended
from demo.errors import DemoError, InputError
from demo.messages import Message
from demo.ui import wording
from demo.ui.held import HeldInSessions
from demo.ui.values import all_checked, flat
from demo.usage import Usage


class _Nothing(dict[Any, Any]):
    """What gradio writes a copy of all that passed through a session into, for its links into a session.

    The page has no such links. The copies would take 0.9 MB and 40 ms of processor time for each caller, and hold what
    visitors typed and saw for as long as their sessions live.
    """

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: Any) -> dict[Any, Any]:
        return {}

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


_NOTHING = _Nothing()

MOST_NAME_CHARS = 64
"""Of a session; the page and Gradio's clients give names of at most 36."""


class _Sessions(OrderedDict[str, SessionState]):
    """Gradio's sessions by name, which is short: any caller may choose one, and Gradio keeps it in several places."""

    def __setitem__(self, name: str, session: SessionState) -> None:
        if len(name) > MOST_NAME_CHARS:
            raise InputError(
                "“session_hash” has {found:,} characters, and at most {most} are allowed.",
                found=len(name),
                most=MOST_NAME_CHARS,
            )
        super().__setitem__(name, session)


MOST_CALLED = 64
"""Sessions of callers without a page that are remembered."""

Result = TypeVar("Result")
Found = TypeVar("Found")
_LOG = logging.getLogger(__name__)


def sentence_of(error: Exception) -> Message:
    """The sentence for the person: a DemoError's own; a neutral one for a bug, whose traceback goes to the log."""
    if isinstance(error, DemoError):
        return error.message
    _LOG.error("A handler of the page failed", exc_info=error)
    return wording.BUG


def guarded(steps: Iterator[Result], failed: Callable[[Message], Result]) -> Iterator[Result]:
    """The steps, and `failed(sentence)` as the last one if they end in an error. Closing stops the steps."""
    try:
        yield from steps
    except Exception as error:  # noqa: BLE001  the boundary: everything is either told or logged
        yield failed(sentence_of(error))


def require(found: Found | None, missing: Message) -> Found:
    """What was found.

    Raises:
        InputError: it is None; its sentence is `missing`.
    """
    if found is None:
        raise InputError(missing)
    return found


class Page(gr.Blocks):
    """A page whose events take only what their components can hold, and tell every error in a sentence.

    What is refused of a visitor's is told and no error in the log. Anything else is a bug, whose traceback goes there.
    """

    def __init__(self, usage: Usage, label: wording.Labels, held: HeldInSessions | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._usage = usage
        self._label = label
        self._held = held or HeldInSessions()
        self._called: dict[str, None] = {}

    @property
    def state_holder(self) -> StateHolder:
        """Gradio's sessions, which have short names and begin with no copies of the page's components."""
        return self._sessions

    @state_holder.setter
    def state_holder(self, holder: StateHolder) -> None:
        holder.blocks = cast(gr.Blocks, SimpleNamespace(default_config=self.default_config, blocks={}))
        holder.session_data = _Sessions(holder.session_data)
        self._sessions = holder

    async def process_api(
        self,
        block_fn: BlockFunction | int,
        inputs: list[Any],
        state: SessionState | None = None,
        request: gr.Request | list[gr.Request] | None = None,
        iterator: AsyncIterator[Any] | None = None,
        *others: Any,
        **named: Any,
    ) -> dict[str, Any]:
        """Handles one event, or goes on with it.

        Raises:
            gr.Error: with the sentence, in the visitor's language.
        """
        event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        if state is not None:
            state.config_values = _NOTHING
        try:
            if iterator is None:
                inputs = await run_in_threadpool(self._checked, event, inputs, state)  # long values take their time
                data = named.get("event_data")
                if data is not None:
                    data._data = flat(data._data)
            outcome: dict[str, Any] = await super().process_api(
                event, inputs, state, request, iterator, *others, **named
            )
            return outcome
        except Exception as error:  # the boundary: everything is either told or logged
            language = wording.language_of(None if isinstance(request, list) else request)
            words = error.message if isinstance(error, gr.Error) else sentence_of(error).to(language)
            told = escape(words) if event.api_visibility == "private" else words  # the page shows it as HTML
            raise gr.Error(mended(told), print_exception=False) from error
        finally:
            if isinstance(request, gr.Request) and request.session_hash is not None:
                self._held.note(self.state_holder, request.session_hash)
            if event.api_visibility == "public" and isinstance(request, gr.Request):
                self._note_call(request.session_hash)

    def _note_call(self, session: str | None) -> None:
        """Drops sessions of callers in which nothing is kept, but for the latest: they would crowd out the pages'."""
        with self.state_holder.lock:
            if session is not None:
                self._called.pop(session, None)
                self._called[session] = None
            while len(self._called) > MOST_CALLED:
                oldest = next(iter(self._called))
                del self._called[oldest]
                found = self.state_holder.session_data.get(oldest)
                if found is not None and not found.state_data:
                    del self.state_holder.session_data[oldest]
                    self.state_holder.time_last_used.pop(oldest, None)

    def _checked(self, event: BlockFunction, values: list[Any], state: SessionState | None) -> list[Any]:
        """What the handler is given; components are as they are in this session.

        Raises:
            InputError: there is no handler, or a value is none that its component can hold.
        """
        known: Any = {} if state is None else state.blocks_config.blocks
        try:
            if event.fn is None:
                raise InputError(wording.NO_SUCH_EVENT)
            return all_checked(values, [known.get(each._id, each) for each in event.inputs], self._label)
        except InputError:
            self._usage.refused("value", str(event.api_name))
            raise
