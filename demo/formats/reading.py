"""How the input was understood, in a sentence, beside the collection that came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.formats.encoding import UTF_8
from demo.formats.fields import TEXT_FROM, TEXT_FROM_COLUMN
from demo.formats.source import Column, JudgmentRow
from demo.messages import Message, clauses, plural
from demo.phrases import count_passages
from demo.records import Collection, Passage, Query

PREVIEW_ROWS = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """The first of everything that was read, for a person to see whether it was read right."""

    passages: tuple[Passage, ...] = ()
    queries: tuple[Query, ...] = ()
    judgments: tuple[JudgmentRow, ...] = ()
    results: tuple[tuple[str, str, str], ...] = ()
    """Of runs: query id, passage id and score."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How text or files became a collection.

    Attributes:
        format_keys: the formats of the files in their order, each once.
        manner: how passages were told apart: “one per line”, “from 3 files”.
        duplicates: passages left out because the same passage came before.
        repeated: passages kept although their text came before, because they have ids of their own.
        empty_lines, empty_passages: lines without anything, and passages without text, left out.
        unknown_judgments: judgments left out because their query or passage is not there.
        encodings: encodings of the files that are not UTF-8.
        notes: what readers had to say, each a clause.
        repeated_queries: queries left out because the same query came before.
        columns: what fields and columns of the files were taken for.
        preview: the first of what was read.
        names: the fields that a person can choose from, as `Fields` takes them.
        doubts: why the input may have been meant otherwise, each a clause.
    """

    format_keys: tuple[str, ...]
    manner: Message
    passages: int
    queries: int = 0
    judgments: int = 0
    scores: int = 0
    duplicates: int = 0
    repeated: int = 0
    empty_lines: int = 0
    empty_passages: int = 0
    unknown_judgments: int = 0
    encodings: tuple[str, ...] = (UTF_8,)
    notes: tuple[Message, ...] = ()
    repeated_queries: int = 0
    columns: tuple[Column, ...] = ()
    preview: Preview = Preview()
    names: tuple[str, ...] = ()
    doubts: tuple[Message, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether nothing speaks for another reading, and each field that was taken for something is named so or was
        chosen."""
        return not self.doubts and all(column.certain for column in self.columns)

    @property
    def format_key(self) -> str:
        """The format, or "" where files had different ones."""
        return self.format_keys[0] if len(self.format_keys) == 1 else ""

    def sentence(self) -> Message:
        """“24 passages, one per line; 2 duplicates left out; 1 empty line skipped”, without a full stop."""
        return self._clauses(self.notes)

    def summary(self) -> Message:
        """The same without what `columns` say, for where these are told beside it."""
        told = (TEXT_FROM.english, TEXT_FROM_COLUMN.english)
        return self._clauses([note for note in self.notes if note.english not in told])

    def _clauses(self, notes: Sequence[Message]) -> Message:
        parts = [Message("{passages}, {manner}", passages=count_passages(self.passages), manner=self.manner)]
        counts = (
            *(self.queries, self.judgments, self.scores, self.duplicates, self.repeated),
            *(self.empty_lines, self.empty_passages, self.unknown_judgments, self.repeated_queries),
        )
        parts += [row.format(count=count) for count, row in zip(counts, _COUNTED, strict=True) if count]
        parts += notes
        parts += [Message("read as {name}", name=name) for name in self.encodings if name != UTF_8]
        parts += self.doubts
        return clauses(parts)


@dataclass(frozen=True, eq=False)
class Loaded:
    """A collection made from a person's input, and how the input was understood."""

    collection: Collection
    reading: Reading


_COUNTED = (
    plural("{count:,} query", "{count:,} queries", 0),
    plural("{count:,} judgment", "{count:,} judgments", 0),
    plural("{count:,} score of the engine", "{count:,} scores of the engine", 0),
    plural("{count:,} duplicate left out", "{count:,} duplicates left out", 0),
    plural(
        "{count:,} text that came before kept under its own id",
        "{count:,} texts that came before kept under their own ids",
        0,
    ),
    plural("{count:,} empty line skipped", "{count:,} empty lines skipped", 0),
    plural("{count:,} passage without text skipped", "{count:,} passages without text skipped", 0),
    plural(
        "{count:,} judgment of an unknown query or passage left out",
        "{count:,} judgments of unknown queries or passages left out",
        0,
    ),
    plural("{count:,} repeated query left out", "{count:,} repeated queries left out", 0),
)
"""How what is counted beside passages is said, in the order of `Reading`'s fields."""
