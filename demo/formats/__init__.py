"""Text and files to a `Collection`: one row per format in `registry.FORMATS`, errors that name file and line.

    pasted text ─────────────────────────────► choose a format ─► read ─► assemble ─► Loaded(collection, reading)
    files ─► unpack archives ─► decode ──────┘

`read` gives entries with their places, `assemble` gives ids, leaves out duplicates and keeps to the limits.
"""

from demo.formats.export import safe_cell, write_csv
from demo.formats.fields import UnknownShapeError
from demo.formats.inputs import from_texts, read_files, read_pasted
from demo.formats.judgments import read_judgments, write_judgments
from demo.formats.reading import Loaded, Reading
from demo.formats.registry import FORMATS, PASTED_FORMATS, Format, accepted_suffixes
from demo.formats.source import Fields, Limits

__all__ = [
    "FORMATS",
    "PASTED_FORMATS",
    "Fields",
    "Format",
    "Limits",
    "Loaded",
    "Reading",
    "UnknownShapeError",
    "accepted_suffixes",
    "from_texts",
    "read_files",
    "read_judgments",
    "read_pasted",
    "safe_cell",
    "write_csv",
    "write_judgments",
]
