"""PDF and DOCX: paragraphs, with the page they are on or the heading they are under.

PDF is read by PDFium, as browsers do: it spells ligatures out, knows hyphens at the ends of lines, and opens what only
an owner's password protects, whatever the encryption. Both run in a process of their own (`isolated`).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from demo.errors import InputError
from demo.formats.archive import BROKEN, check_docx, is_zip
from demo.formats.source import PAGE, PARAGRAPH, Entry, Found, Location, Source
from demo.messages import Message

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_FOREIGN = (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)
"""What parsers of other people's files raise on broken ones, beside errors of their own."""

MOST_PAGES = 3_000
MOST_TEXT_CHARS = 20_000_000
MOST_RUNS = 500_000
"""Elements of a DOCX that are looked at."""

_SHORT_LINE = 0.8
_SENTENCE_END = tuple(".!?:…。！？：”\"'’)」』")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\n(?=([^\W\d_]))")
_BETWEEN_HAN = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uffef])\n(?=[\u2e80-\u9fff\uff00-\uffef])")
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_LIGATURES = {
    ord(c): letters for c, letters in zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True)
}
_UNSEEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
_LINE_HYPHENS = ("\x02", "\ufffe")
"""What PDFium writes for a hyphen at the end of a line, which it takes away together with the line's end."""


# ---- PDF ---------------------------------------------------------------------------------------------------------


def read_pdf(source: Source) -> Found:
    """A passage from each paragraph, called p3-2 for the second of page 3 where ids are wanted.

    A paragraph ends at an empty line, or after a sentence whose line is clearly shorter than the page's longest. Lines
    of a paragraph are joined, words cut at a line's end made whole; page numbers and other text without letters go.

    Raises:
        InputError: it is not a PDF, is protected by a password, or has no text in it (a scan).
    """
    texts = list(_page_texts(source))
    entries = [
        Entry(Location(source.file, PAGE, number), paragraph, name=f"p{number}-{index}")
        for number, text in enumerate(texts, 1)
        for index, paragraph in enumerate(paragraphs_of_page(text), 1)
    ]
    if entries:
        return Found(tuple(entries))
    if any(_DIGIT.search(text) for text in texts):
        raise InputError(
            "{file} has numbers and no words. Give passages of words, or its table as CSV.", file=source.file
        )
    raise InputError(
        "{file} has no text: its pages are probably pictures. Run text recognition (OCR) on it first.", file=source.file
    )


def is_pdf(source: Source) -> bool:
    """Whether the content has a PDF's mark near its start, or the name says so."""
    return b"%PDF-" in source.content[:1024] or source.file.lower().endswith(".pdf")


def _page_texts(source: Source) -> Iterator[str]:
    """The text of each page.

    Raises:
        InputError: it cannot be read, or has more pages or text than is read.
    """
    from pypdfium2 import PdfiumError

    try:
        document = _opened(source)
        if len(document) > MOST_PAGES:
            raise _too_many(source, len(document), Message("pages"), MOST_PAGES)
        chars = 0
        for number in range(len(document)):
            text = _text_of_page(document, number)
            chars += len(text)
            if chars > MOST_TEXT_CHARS:
                raise _too_many(source, chars, Message("characters"), MOST_TEXT_CHARS)
            yield text
    except (PdfiumError, *_FOREIGN) as error:
        raise InputError(
            "{file} cannot be read as PDF: it is broken or uses something unusual. Save it again as PDF, or copy "
            "its text and paste it.",
            file=source.file,
        ) from error


def _opened(source: Source) -> PdfDocument:
    """The document; one that only its owner's password protects is opened.

    Raises:
        InputError: a password is needed to read it.
    """
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        return PdfDocument(source.content)
    except PdfiumError as error:
        if "password" in str(error).lower():
            raise InputError(
                "{file} is protected by a password. Save a copy without one, and upload that.", file=source.file
            ) from error
        raise


def _text_of_page(document: PdfDocument, number: int) -> str:
    page = document[number]
    text_page = page.get_textpage()
    try:
        return clean_page(text_page.get_text_range())
    finally:
        text_page.close()
        page.close()


def clean_page(text: str) -> str:
    """The page's text as it is read: ligatures as letters, hyphens with their line ends, without control characters."""
    for mark in _LINE_HYPHENS:
        text = text.replace(mark, "-\n")
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_UNSEEN).translate(_LIGATURES)


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
    """The lines as one; a hyphen between letters, the second of them small, ends with its line."""
    text = _HYPHEN.sub(lambda cut: "" if cut[1].islower() else "-", "\n".join(lines))
    return _BETWEEN_HAN.sub("", text).replace("\n", " ")


def _too_many(source: Source, count: int, what: Message, most: int) -> InputError:
    return InputError(
        "{file} has {count:,} {what}; at most {most:,} are read. Split it, or copy its text and paste it.",
        file=source.file,
        count=count,
        what=what,
        most=most,
    )


# ---- DOCX --------------------------------------------------------------------------------------------------------

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_NOT_SEEN = frozenset(
    (f"{_W}del", f"{_W}moveFrom", f"{_MC}Fallback", f"{_W}instrText", f"{_W}pPr", f"{_W}rPr", f"{_W}tblPr",
     f"{_W}sectPr", f"{_W}sdtPr", f"{_W}delText", f"{_W}commentReference")
)  # fmt: skip
"""Elements that a reader of the document does not see: what was deleted or moved away, and how things look."""
_SPACES = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


@dataclass(slots=True)
class _Block:
    """A paragraph or a row of a table."""

    style: str
    text: str


def read_docx(source: Source) -> Found:
    """A passage from each paragraph and each row of a table, the heading above as title; cells are joined by “ | ”.

    It is what a reader of the document sees, in its order: controls, text boxes, formulas and insertions count,
    deletions do not.

    Raises:
        InputError: it is not a DOCX file, or has no text.
    """
    check_docx(source.file, source.content, source.limits)
    entries: list[Entry] = []
    title = ""
    for number, block in enumerate(_docx_blocks(source), 1):
        if block.style.startswith(("heading", "title")):
            title = " ".join(block.text.split())
        elif block.text:
            entries.append(Entry(Location(source.file, PARAGRAPH, number), block.text, title))
    if entries:
        return Found(tuple(entries))
    raise InputError(
        "{file} has no paragraphs with text. Upload a document with text, or paste its text.", file=source.file
    )


def is_docx_file(source: Source) -> bool:
    """Whether the content is a zip archive, all others being unpacked by now, or the name says so."""
    return is_zip(source.content) or source.file.lower().endswith(".docx")


def _docx_blocks(source: Source) -> list[_Block]:
    """Style and text of each paragraph, and of each table row, in the document's order."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        with zipfile.ZipFile(BytesIO(source.content)) as archive:
            document = etree.fromstring(archive.read("word/document.xml"), parser)
            names = set(archive.namelist())
            styles = etree.fromstring(archive.read("word/styles.xml"), parser) if "word/styles.xml" in names else None
        body = document.find(f"{_W}body")
        if body is None:
            raise ValueError("no body")
        count = sum(1 for _ in document.iter())
        if count > MOST_RUNS:
            raise _too_many(source, count, Message("elements"), MOST_RUNS)
        return list(_blocks(body, _style_names(styles)))
    except (SyntaxError, *BROKEN, *_FOREIGN) as error:
        raise InputError(
            "{file} cannot be read as DOCX: it is broken or another kind of file. Save it again as .docx, or copy "
            "its text and paste it.",
            file=source.file,
        ) from error


def _style_names(styles: Any) -> dict[str, str]:
    """The names of paragraph styles by their ids, in small letters."""
    found: dict[str, str] = {}
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        name = style.find(f"{_W}name")
        found[style.get(f"{_W}styleId", "")] = name.get(f"{_W}val", "").lower() if name is not None else ""
    return found


def _blocks(parent: Any, styles: dict[str, str]) -> Iterator[_Block]:
    """The paragraphs and rows below an element, also inside controls and insertions."""
    for element in parent.iterchildren(tag="*"):
        if element.tag == f"{_W}p":
            yield from _paragraph(element, styles)
        elif element.tag == f"{_W}tbl":
            yield from _table_rows(element)
        elif element.tag not in _NOT_SEEN:
            yield from _blocks(element, styles)


def _paragraph(element: Any, styles: dict[str, str]) -> Iterator[_Block]:
    """The paragraph, and after it those of the text boxes in it."""
    style = element.find(f"{_W}pPr/{_W}pStyle")
    boxes: list[Any] = []
    text = "".join(_texts(element, boxes)).strip()
    yield _Block(styles.get(style.get(f"{_W}val", ""), "") if style is not None else "", text)
    for box in boxes:
        yield from _blocks(box, styles)


def _texts(element: Any, boxes: list[Any]) -> Iterator[str]:
    """The pieces of text below an element; text boxes met on the way are collected."""
    for child in element.iterchildren(tag="*"):
        if child.tag in (f"{_W}t", f"{_M}t"):
            yield child.text or ""
        elif child.tag in _SPACES:
            yield _SPACES[child.tag]
        elif child.tag == f"{_W}txbxContent":
            boxes.append(child)
        elif child.tag not in _NOT_SEEN:
            yield from _texts(child, boxes)


def _table_rows(table: Any) -> Iterator[_Block]:
    """Each row with its cells' texts joined; a cell that goes on from above is empty, a table in a cell is text."""
    for row in _rows_below(table):
        texts = [" ".join(_cell_text(cell).split()) for cell in row.iter(f"{_W}tc") if _row_of(cell) is row]
        yield _Block("", " | ".join(text for text in texts if text))


def _rows_below(element: Any) -> Iterator[Any]:
    for child in element.iterchildren(tag="*"):
        if child.tag == f"{_W}tr":
            yield child
        elif child.tag not in _NOT_SEEN and child.tag != f"{_W}tbl":
            yield from _rows_below(child)


def _row_of(cell: Any) -> Any:
    return next(cell.iterancestors(f"{_W}tr"), None)


def _cell_text(cell: Any) -> str:
    boxes: list[Any] = []
    paragraphs = [
        "".join(_texts(paragraph, boxes)) for paragraph in cell.iter(f"{_W}p") if not _in_box(paragraph, cell)
    ]
    inner = [block.text for box in boxes for block in _blocks(box, {})]
    return " ".join([*paragraphs, *inner])


def _in_box(paragraph: Any, cell: Any) -> bool:
    """Whether a text box or something unseen stands between the paragraph and its cell."""
    for ancestor in paragraph.iterancestors():
        if ancestor is cell:
            return False
        if ancestor.tag == f"{_W}txbxContent" or ancestor.tag in _NOT_SEEN:
            return True
    return False


# ---- examples ----------------------------------------------------------------------------------------------------


def example_pdf() -> bytes:
    """A PDF of one page with two paragraphs."""
    lines = ("Berlin has 3,520,031 registered inhabitants in an area of 891.82 square", "kilometers.", "", *_PDF_TAIL)
    content = "BT /F1 12 Tf 14 TL 72 720 Td " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    parts = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(content)}>>\nstream\n{content}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    text, offsets = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        offsets.append(len(text))
        text += f"{number} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(parts) + 1
    return (
        f"{text}xref\n0 {size}\n0000000000 65535 f \n{table}"
        f"trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{len(text)}\n%%EOF\n"
    ).encode()


_PDF_TAIL = ("New York City is famous for the Metropolitan Museum of Art.",)


def example_docx() -> bytes:
    """A document with a heading, a paragraph and a table of one row."""
    cells = "".join(f"<w:tc>{_docx_paragraph(text)}</w:tc>" for text in ("Area", "891.82 square kilometers"))
    document = (
        f'<w:document xmlns:w="{_W[1:-1]}"><w:body>{_docx_paragraph("Berlin", "Heading1")}'
        f"{_docx_paragraph('Berlin has 3,520,031 registered inhabitants.')}"
        f"<w:tbl><w:tr>{cells}</w:tr></w:tbl></w:body></w:document>"
    )
    style = '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>'
    parts = {
        "[Content_Types].xml": _DOCX_TYPES,
        "_rels/.rels": _DOCX_RELATIONS,
        "word/document.xml": document,
        "word/styles.xml": f'<w:styles xmlns:w="{_W[1:-1]}">{style}</w:styles>',
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def _docx_paragraph(text: str, style: str = "") -> str:
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{look}<w:r><w:t>{text}</w:t></w:r></w:p>"


_OFFICE = "http://schemas.openxmlformats.org"
_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_DOCX_TYPES = (
    f'<Types xmlns="{_OFFICE}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_WORD_TYPE}"/></Types>'
)
_DOCX_RELATIONS = (
    f'<Relationships xmlns="{_OFFICE}/package/2006/relationships"><Relationship Id="r1" '
    f'Type="{_OFFICE}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
