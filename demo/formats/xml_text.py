"""Any XML with an element for each passage, and pages of HTML."""

from __future__ import annotations

from collections.abc import Iterator

from demo.errors import InputError
from demo.formats.fields import read_records
from demo.formats.html_text import MARKUP, is_html
from demo.formats.marks import find_marks, repeated_elements
from demo.formats.source import Found, Record, Source, check_bound

_SAMPLE_CHARS = 10_000
_MOST_ELEMENTS = 25
"""For each passage that may be read, about: what opens no element is counted too."""


def read_xml(source: Source) -> Found:
    """A passage from each of the elements that come again and again, by the names of what stands in them.

    Raises:
        InputError: no element comes again, or none holds a text; or there are too many elements.
    """
    marks = source.text.count("<") - source.text.count("</")
    check_bound(marks, source.start, source.limits, _MOST_ELEMENTS)
    records = list(_records(source))
    if not records:
        raise InputError(
            "{file} is XML without an element that comes again for each passage. Give such a list, TREC's <DOC>, "
            "or the texts themselves.",
            file=source.start,
        )
    return read_records(records, source.chosen, may_lack_text=True)


def _records(source: Source) -> Iterator[Record]:
    line, counted = 1, 0
    for element in repeated_elements(source.text):
        line, counted = line + source.text.count("\n", counted, element.start), element.start
        if record := element.record():
            yield Record(source.line(line), record)


def looks_like_xml(source: Source) -> bool:
    """Whether it opens as XML does, and its first element is closed; a page of HTML is none."""
    start = source.text[:_SAMPLE_CHARS].lstrip("\ufeff \t\n")
    if not start.startswith("<") or is_html(source):
        return False
    if start.startswith("<?xml"):
        return True
    first = next((mark for mark in find_marks(start) if mark.name), None)
    if first is None or first.name in MARKUP:
        return False
    return source.text.rstrip().lower().endswith(f"</{first.name}>")
