"""Bytes to text, when nobody says which encoding they are in.

A byte order mark decides; else UTF-8 if it fits, which text in another encoding hardly ever does by chance; else UTF-16
if every second byte of most characters is zero. What is left is told apart by how bytes above 127 stand together:

- GB18030 if they come in pairs that are mostly frequent Chinese characters (GB 2312 rows 1–3 and 16–55);
- Windows-1252, the superset of Latin-1 that people mean by it, if most stand alone among ASCII letters;
- otherwise charset-normalizer's best guess among the encodings of other scripts.
"""

from __future__ import annotations

import codecs
import re

from demo.errors import InputError
from demo.messages import Message

UTF_8 = "UTF-8"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_OTHER_SCRIPTS = [
    *("big5", "shift_jis", "euc_jp", "euc_kr", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("cp874", "cp1258"),
]
_SAMPLE_BYTES = 1 << 18
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")


def decode(content: bytes, file: str) -> tuple[str, str]:
    """The text and the name of its encoding; a byte order mark is not part of the text.

    Raises:
        InputError: the bytes are not text, or not in the encoding that they claim.
    """
    for mark, codec, name in _MARKS:
        if content.startswith(mark):
            return _strictly(content, codec, name, file), name
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if "\x00" not in text:
            return text, UTF_8
    if codec := _utf_16(content):
        return _strictly(content, codec, "UTF-16", file), "UTF-16"
    if _CONTROL.search(content[:_SAMPLE_BYTES]):
        raise _not_text(file)
    return _by_statistics(content, file)


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


def _by_statistics(content: bytes, file: str) -> tuple[str, str]:
    sample = content[:_SAMPLE_BYTES]
    runs = _HIGH_RUN.findall(sample)
    together = sum(len(run) for run in runs if len(run) > 1)
    alone = len(runs) - sum(1 for run in runs if len(run) > 1)
    if together > alone:
        if _looks_chinese(runs):
            try:
                return content.decode("gb18030"), "GB18030"
            except UnicodeDecodeError:
                pass
        from charset_normalizer import from_bytes

        best = from_bytes(sample, cp_isolation=_OTHER_SCRIPTS).best()
        if best is not None:
            return _strictly(content, best.encoding, best.encoding, file), best.encoding.replace("_", "-")
    try:
        return content.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "Latin-1"


def _looks_chinese(runs: list[bytes]) -> bool:
    """Whether at least 70 % of the byte pairs are GB 2312 punctuation or its 3,755 frequent characters."""
    pairs = [pair for run in runs for pair in _PAIR.findall(run)]
    frequent = [p for p in pairs if (0xA1 <= p[0] <= 0xA3 or 0xB0 <= p[0] <= 0xD7) and p[1] >= 0xA1]
    return len(frequent) >= 0.7 * len(pairs) > 0


def _strictly(content: bytes, codec: str, name: str, file: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeError as error:
        raise InputError(
            Message(
                "{file} starts like {name} but is not valid {name} to its end. Save it again as UTF-8.",
                file=file or Message("The text"),
                name=name,
            )
        ) from error


def _not_text(file: str) -> InputError:
    return InputError(
        Message(
            "{file} is not text: it has bytes that no text encoding uses. Upload text, Markdown, CSV, TSV, "
            "JSON, JSONL, "
            "PDF or DOCX; text is best saved as UTF-8.",
            file=file or Message("The text"),
        )
    )
