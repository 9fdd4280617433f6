"""Who asks, for counting: the address that a request came from."""

from __future__ import annotations

from starlette.datastructures import Headers

FORWARDED = "x-forwarded-for"


def address_of(client: str, headers: Headers, proxies: int) -> str:
    """The visitor's address: the one that the outermost of so many trusted proxies saw.

    Args:
        client: who opened the connection.
        headers: of the request. A proxy adds what it saw to the end of a line, or as another line.
    """
    seen = [part.strip() for part in ",".join(headers.getlist(FORWARDED)).split(",") if part.strip()]
    return seen[-min(proxies, len(seen))] if proxies and seen else client
