"""Who asks, for counting: the address that a request came from."""

from __future__ import annotations

from collections.abc import Mapping

FORWARDED = "x-forwarded-for"


def address_of(client: str, headers: Mapping[str, str], proxies: int) -> str:
    """The visitor's address: the one that the outermost of so many trusted proxies saw.

    Args:
        client: who opened the connection.
        headers: with names in small letters.
    """
    seen = [part.strip() for part in headers.get(FORWARDED, "").split(",") if part.strip()]
    return seen[-min(proxies, len(seen))] if proxies and seen else client
