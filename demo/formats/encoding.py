"""Bytes to text, when nobody says which encoding they are in.

A byte order mark decides; else UTF-8 if it fits, which text in another encoding hardly ever does by chance, also where
a few bytes of much that fits do not; else UTF-16 if every second byte of most characters is zero. What is left is an
encoding of one country or region, which chardet tells by what languages look like in them.
"""

from __future__ import annotations

import codecs
import re

from demo.errors import InputError
from demo.messages import Message

UTF_8 = "UTF-8"
REPLACEMENT = "\ufffd"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_REGIONAL = (
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp866", "cp874"),
    *("iso8859-2", "iso8859-5", "iso8859-7", "iso8859-8", "iso8859-9", "iso8859-15", "iso8859-16", "koi8-r", "koi8-u"),
    *("big5hkscs", "cp932", "cp949", "euc_jis_2004", "gb18030", "johab", "mac_roman", "tis-620"),
)
"""The encodings that are looked for."""
_NAMES = {"cp1252": "Windows-1252", "gb18030": "GB18030", "shift_jis_2004": "shift-jis", "cp932": "shift-jis"}
_SAMPLE_BYTES = 1 << 16
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_FEW_BYTES = 12
_GOOD_PER_BAD = 2
_CHARS_PER_NUL = 100


def decode(content: bytes, file: str) -> tuple[str, str]:
    """The text, with U+FFFD for NUL characters, and the name of its encoding; a byte order mark is not part of it.

    Raises:
        InputError: the bytes are not text, or not in the encoding that they claim. Of UTF-8 without a byte order mark
            a hundredth or less may be NUL characters: what has more is no text.
    """
    text, name = _decoded(content, file)
    return text.replace("\0", REPLACEMENT), name


def _decoded(content: bytes, file: str) -> tuple[str, str]:
    for mark, codec, name in _MARKS:
        if content.startswith(mark):
            return _strictly(content, codec, name, file), name
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if text.count("\0") * _CHARS_PER_NUL <= len(text):
            return text, UTF_8
    if codec := _utf_16(content):
        return _strictly(content, codec, "UTF-16", file), "UTF-16"
    if _CONTROL.search(content[:_SAMPLE_BYTES]):
        raise InputError(
            "{file} is not text: it has bytes that no text encoding uses. Upload text, Markdown, CSV, TSV, JSON, "
            "JSONL, PDF or DOCX; text is best saved as UTF-8.",
            file=file or Message("The text"),
        )
    if text := _damaged_utf_8(content):
        return text, UTF_8
    return _regional(content)


def _utf_16(content: bytes) -> str:
    """The codec if at least a third of all two-byte units hold a zero on the same side, else ""."""
    sample = content[:_SAMPLE_BYTES]
    units = len(sample) // 2
    if len(content) % 2 or not units:
        return ""
    if sample[1::2].count(0) * 3 >= units and not sample[0::2].count(0):
        return "utf-16-le"
    if sample[0::2].count(0) * 3 >= units and not sample[1::2].count(0):
        return "utf-16-be"
    return ""


def _damaged_utf_8(content: bytes) -> str:
    """The text with U+FFFD for what does not fit, if characters of several bytes fit twice as often as not; else ""."""
    text = content.decode("utf-8", "replace")
    bad = text.count(REPLACEMENT)
    good = len(_BEYOND_ASCII.findall(text)) - bad
    return text if good >= _GOOD_PER_BAD * bad else ""


def _regional(content: bytes) -> tuple[str, str]:
    """The text in the most likely regional encoding; a byte that is not of it becomes U+FFFD."""
    import chardet

    sample = _lines_beyond_ascii(content)
    guess = chardet.detect(sample, include_encodings=_REGIONAL, compat_names=False)["encoding"]
    found = _of_few_bytes(content) or guess or "cp1252"
    codec = codecs.lookup(found).name
    if _is_the_same(content, codec, "cp1252"):
        codec = "cp1252"
    try:
        return content.decode(codec), _NAMES.get(codec, found)
    except UnicodeDecodeError:
        if codec == "cp1252":
            return content.decode("latin-1"), "Latin-1"
        return content.decode(codec, "replace"), _NAMES.get(codec, found)


def _is_the_same(content: bytes, codec: str, other: str) -> bool:
    """Whether both encodings read the same text, so that the better known one can be named."""
    try:
        return content.decode(codec) == content.decode(other)
    except UnicodeDecodeError:
        return False


def _of_few_bytes(content: bytes) -> str:
    """The encoding of so few bytes that they show no language: pairs are taken for Chinese, single ones for French."""
    if len(content) > _FEW_BYTES:
        return ""
    runs = _HIGH_RUN.findall(content)
    if all(len(run) == 1 for run in runs):
        return "cp1252"
    pairs = [run[at : at + 2] for run in runs for at in range(0, len(run), 2)]
    return "gb18030" if all(0xB0 <= pair[0] <= 0xD7 and pair[-1] >= 0xA1 and len(pair) == 2 for pair in pairs) else ""


def _lines_beyond_ascii(content: bytes) -> bytes:
    """The first lines that have bytes beyond ASCII, since only they tell; most of a table can be ASCII."""
    lines = [line for line in content[: 16 * _SAMPLE_BYTES].splitlines(keepends=True) if not line.isascii()]
    return b"".join(lines)[:_SAMPLE_BYTES] or content[:_SAMPLE_BYTES]


def _strictly(content: bytes, codec: str, name: str, file: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeError as error:
        raise InputError(
            "{file} starts like {name} but is not valid {name} to its end. Save it again as UTF-8.",
            file=file or Message("The text"),
            name=name,
        ) from error
