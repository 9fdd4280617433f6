"""The names that the page answers to: a page of another site cannot reach a local one under a name of its own."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from demo.api.answers import header, refusal
from demo.messages import Message
from demo.settings import LOCAL, Settings

ALWAYS = frozenset({"/health"})
"""Paths that answer under every name, as whoever looks after the machine asks by its number."""


class AllowedHosts:
    """Middleware that answers 421 to a request for another name."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = allowed_names(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what was meant for this server."""
        if scope["type"] == "lifespan" or self._names is None or scope["path"] in ALWAYS:
            await self._app(scope, receive, send)
            return
        name = host_name(header(scope, "host"))
        if name in self._names:
            await self._app(scope, receive, send)
            return
        sentence = Message("This server does not answer to that name. Its owner can add it: RERANK_LENS_ALLOWED_HOSTS.")
        await refusal(scope, 421, sentence)(scope, receive, send)


def allowed_names(settings: Settings) -> frozenset[str] | None:
    """The names in small letters; None for every name."""
    given = frozenset(name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip())
    if "*" in given or (not given and settings.host not in LOCAL):
        return None
    return given or LOCAL


def host_name(host: str) -> str:
    """The name in a Host header, without its port and the brackets of an IPv6 address."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.rpartition(":")[0] if name.rpartition(":")[2].isdecimal() and ":" in name else name
