"""PDF and DOCX: paragraphs, with the page they are on or the heading they are under."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from demo.errors import InputError
from demo.formats.archive import BROKEN, check_docx, is_zip
from demo.formats.source import PAGE, PARAGRAPH, Entry, Found, Place, Source
from demo.messages import Message

if TYPE_CHECKING:
    from pypdf import PdfReader

_FOREIGN = (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
"""What parsers of other people's files raise on broken ones, beside errors of their own."""

MAX_SECONDS = 30
PDF_STREAM_BYTES = 10_000_000
"""Most that one compressed part of a PDF, such as a page, may unpack to."""

_SHORT_LINE = 0.8
_SENTENCE_END = tuple(".!?:…。！？：”\"'’)」』")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[a-z\u00df-\u00ff])")
_BETWEEN_HAN = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uffef])\n(?=[\u2e80-\u9fff\uff00-\uffef])")
_LETTER = re.compile(r"[^\W\d_]")


def _too_slow(source: Source, seconds: float) -> InputError:
    return InputError(
        Message(
            "{file} takes longer than {seconds:g} seconds to read. Split it, or copy its text and paste it.",
            file=source.file,
            seconds=seconds,
        )
    )


# ---- PDF ---------------------------------------------------------------------------------------------------------


def read_pdf(source: Source, seconds: float = MAX_SECONDS) -> Found:
    """A passage from each paragraph, called p3-2 for the second of page 3 where ids are wanted.

    A paragraph ends at an empty line, or after a sentence whose line is clearly shorter than the page's longest. Lines
    of a paragraph are joined, words cut at a line's end made whole; page numbers and other text without letters go.

    Raises:
        InputError: it is not a PDF, is protected by a password, has no text in it (a scan), or takes more than
            `seconds`.
    """
    entries = [
        Entry(Place(source.file, PAGE, number), paragraph, name=f"p{number}-{index}")
        for number, text in enumerate(_page_texts(source, seconds), 1)
        for index, paragraph in enumerate(paragraphs_of_page(text), 1)
    ]
    if entries:
        return Found(tuple(entries))
    raise InputError(
        Message(
            "{file} has no text: its pages are probably pictures. Run text recognition (OCR) on it first.",
            file=source.file,
        )
    )


def is_pdf(source: Source) -> bool:
    """Whether the content has a PDF's mark near its start, or the name says so."""
    return b"%PDF-" in source.content[:1024] or source.file.lower().endswith(".pdf")


def _page_texts(source: Source, seconds: float) -> list[str]:
    """The text of each page.

    Raises:
        InputError: it cannot be read, or not within the time and size that hostile files alone exceed.
    """
    from pypdf import PdfReader, apply_configuration
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    end = time.monotonic() + seconds

    def keep_to_time(*_: object) -> None:
        if time.monotonic() > end:
            raise _too_slow(source, seconds)

    try:
        with apply_configuration(zlib_maximum_output_length=PDF_STREAM_BYTES):
            reader = PdfReader(BytesIO(source.content))
            _unlock(reader, source)
            texts: list[str] = []
            for page in reader.pages:
                keep_to_time()
                texts.append(page.extract_text(visitor_operand_before=keep_to_time))
            keep_to_time()
            return texts
    except (PyPdfError, *_FOREIGN) as error:
        raise InputError(
            Message(
                "{file} cannot be read as PDF: it is broken or uses something unusual. Save it again as PDF, or copy "
                "its text and paste it.",
                file=source.file,
            )
        ) from error


def _unlock(reader: PdfReader, source: Source) -> None:
    """Nothing; a PDF that only its owner's password protects is opened.

    Raises:
        InputError: a password is needed to read it.
    """
    from pypdf.errors import DependencyError

    try:
        locked = reader.is_encrypted and not reader.decrypt("")
    except DependencyError:
        locked = True
    if locked:
        raise InputError(
            Message("{file} is protected by a password. Save a copy without one, and upload that.", file=source.file)
        )


def paragraphs_of_page(text: str) -> list[str]:
    """The paragraphs of a page's text in order, each on one line."""
    lines = [line.strip() for line in text.split("\n")]
    longest = max(map(len, lines), default=0)
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line:
            paragraphs[-1].append(line)
        if not line or (len(line) < _SHORT_LINE * longest and line.endswith(_SENTENCE_END)):
            paragraphs.append([])
    return [_joined(lines) for lines in paragraphs if _LETTER.search("".join(lines))]


def _joined(lines: list[str]) -> str:
    text = _HYPHEN.sub("", "\n".join(lines))
    return _BETWEEN_HAN.sub("", text).replace("\n", " ")


# ---- DOCX --------------------------------------------------------------------------------------------------------


def read_docx(source: Source, seconds: float = MAX_SECONDS) -> Found:
    """A passage from each paragraph and each row of a table, the heading above as title; cells are joined by “ | ”.

    Raises:
        InputError: it is not a DOCX file, it has no text, or it takes more than `seconds`.
    """
    end = time.monotonic() + seconds
    check_docx(source.file, source.content, source.limits)
    entries: list[Entry] = []
    title = ""
    for number, (style, text) in enumerate(_docx_blocks(source), 1):
        if time.monotonic() > end:
            raise _too_slow(source, seconds)
        if style.startswith(("Heading", "Title")):
            title = text
        elif text:
            entries.append(Entry(Place(source.file, PARAGRAPH, number), text, title))
    if entries:
        return Found(tuple(entries))
    raise InputError(
        Message("{file} has no paragraphs with text. Upload a document with text, or paste its text.", file=source.file)
    )


def is_docx_file(source: Source) -> bool:
    """Whether the content is a zip archive, all others being unpacked by now, or the name says so."""
    return is_zip(source.content) or source.file.lower().endswith(".docx")


def _docx_blocks(source: Source) -> Iterator[tuple[str, str]]:
    """Style and text of each paragraph, and of each table row, in the document's order."""
    import docx
    from docx.exceptions import PythonDocxError
    from docx.opc.exceptions import OpcError
    from docx.table import Table

    try:
        document = docx.Document(BytesIO(source.content))
        styles = {style.style_id: style.name or "" for style in document.styles}
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                yield from (("", _row_text(row.cells)) for row in block.rows)
            else:
                yield styles.get(block._p.style, ""), block.text.strip()
    except (PythonDocxError, OpcError, SyntaxError, *BROKEN, *_FOREIGN) as error:
        raise InputError(
            Message(
                "{file} cannot be read as DOCX: it is broken or another kind of file. Save it again as .docx, or copy "
                "its text and paste it.",
                file=source.file,
            )
        ) from error


def _row_text(cells: Iterable[Any]) -> str:
    """The cells' texts joined; a merged cell, which comes once for every column it covers, counts once."""
    texts = {id(cell._tc): " ".join(cell.text.split()) for cell in cells}
    return " | ".join(text for text in texts.values() if text)


# ---- examples ----------------------------------------------------------------------------------------------------


def example_pdf() -> bytes:
    """A PDF of one page with two paragraphs."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    lines = ("Berlin has 3,520,031 registered inhabitants in an area of 891.82 square", "kilometers.", "", *_PDF_TAIL)
    content = DecodedStreamObject()
    content.set_data(("BT /F1 12 Tf 14 TL 72 720 Td " + " ".join(f"({line}) Tj T*" for line in lines) + " ET").encode())
    font = DictionaryObject(
        {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1")}
        | {NameObject("/BaseFont"): NameObject("/Helvetica")}
    )
    writer = PdfWriter()
    page = writer.add_blank_page(595, 842)
    page[NameObject("/Contents")] = writer._add_object(content)
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
    )
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


_PDF_TAIL = ("New York City is famous for the Metropolitan Museum of Art.",)


def example_docx() -> bytes:
    """A document with a heading, a paragraph and a table of one row."""
    import docx

    document = docx.Document()
    document.add_heading("Berlin", 1)
    document.add_paragraph("Berlin has 3,520,031 registered inhabitants.")
    cells = document.add_table(1, 2).rows[0].cells
    cells[0].text, cells[1].text = "Area", "891.82 square kilometers"
    file = BytesIO()
    document.save(file)
    return file.getvalue()
