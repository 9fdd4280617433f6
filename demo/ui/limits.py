"""What the settings allow of a person's input, as `formats` wants it told."""

from __future__ import annotations

from demo.formats import Limits
from demo.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """The limits on passages, their length and the size of files."""
    return Limits(
        passages=settings.max_passages,
        passage_chars=settings.max_passage_chars,
        upload_bytes=settings.max_upload_bytes,
        unpacked_bytes=settings.max_unpacked_bytes,
    )
