"""`python -m demo.formats > docs/formats.md` writes the page on what is read, out of the rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from demo.formats.archive import ARCHIVE_SUFFIXES
from demo.formats.fields import ID_NAMES, TEXT_NAMES, TITLE_NAMES
from demo.formats.forms import FORMS, Form
from demo.formats.parquet import PARQUET_SUFFIX
from demo.formats.qrels import GRADE_NAMES
from demo.formats.registry import FORMATS, Format
from demo.formats.topics import QUERY_ID_NAMES, QUERY_TEXT_NAMES

_START = """# What is read

Passages are pasted or uploaded in Rerank and Compare; a judged collection is uploaded in Evaluate or named on its
command line. Both read with the same readers, so a corpus, queries and qrels can be uploaded to either. What a file is,
its content decides; its name only helps. The page says how it understood a file; what is not understood is refused with
its shape.

This page is made of the rows of the formats: `python -m demo.formats > docs/formats.md`.
"""
_AROUND = """
Lines around the data are left out in Rerank and Compare, and the page says how many: fences of code, a request, headers
and remarks as the consoles of search engines and curl show them, what a chat says around a list in a fence, comments in
JSON, up to three lines above the header of a table. Choose “one per line” to keep them. A list of texts, of objects or
of LangChain's documents is also read as Python shows it.

For each passage that may be read there may be ten lines or rows, repeated ones included."""
_PARTS = {"queries": "Queries", "qrels": "Judgments (qrels)", "run": "Runs"}


def page() -> str:
    """The page in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _START
    yield "## Passages"
    yield ""
    yield "| format | files | what it looks like |"
    yield "|---|---|---|"
    yield from map(_format_row, FORMATS)
    yield ""
    packed = tuple(suffix for suffix in ARCHIVE_SUFFIXES if suffix != PARQUET_SUFFIX)
    yield f"Packed files are opened: {_listed(packed)}."
    yield f"A `{PARQUET_SUFFIX}` file is read as JSON lines where the package pyarrow is installed."
    yield _AROUND
    for part, title in _PARTS.items():
        yield ""
        yield f"## {title}"
        for form in (form for form in FORMS if form.part == part):
            yield from _form_lines(form)
    yield ""
    yield "## Names of fields and columns"
    yield ""
    yield "Capitals, hyphens, blanks and humps make no difference: `docId`, `doc-id` and `DOC_ID` are `doc_id`."
    yield ""
    yield "| what | names, the first that is there counts |"
    yield "|---|---|"
    for what, names in (
        ("id of a passage", ID_NAMES),
        ("title", TITLE_NAMES),
        ("text", TEXT_NAMES),
        ("id of a query", QUERY_ID_NAMES),
        ("text of a query", QUERY_TEXT_NAMES),
        ("grade", GRADE_NAMES),
    ):
        yield f"| {what} | {_listed(tuple(dict.fromkeys(names)))} |"
    yield ""
    yield "Where no name tells, the column or field with the longest texts is the text, and the page says so. It names"
    yield "other fields with sentences in them, since no ranker reads them. What names a thing, such as `sku` or"
    yield "`ticket_id`, is the id of a passage only where no two passages share it."


def _format_row(row: Format) -> str:
    return f"| {row.label} | {_listed(row.suffixes)} | {_escaped(str(row.help))} |"


def _form_lines(form: Form) -> Sequence[str]:
    label = str(form.label)
    return ("", f"{label[0].upper()}{label[1:]}, such as `{form.file}`:", "", "```", *form.example.splitlines(), "```")


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(page())
