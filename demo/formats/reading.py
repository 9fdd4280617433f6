"""How the input was understood, in a sentence, beside the collection that came of it."""

from __future__ import annotations

from dataclasses import dataclass

from demo.formats.encoding import UTF_8
from demo.language import Text
from demo.records import Collection


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
    """

    format_keys: tuple[str, ...]
    manner: Text
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
    notes: tuple[Text, ...] = ()

    @property
    def format_key(self) -> str:
        """The format, or "" where files had different ones."""
        return self.format_keys[0] if len(self.format_keys) == 1 else ""

    def sentence(self) -> Text:
        """“24 passages, one per line; 2 duplicates left out; 1 empty line skipped”, without a full stop."""
        passages = _count(self.passages, _PASSAGES)
        clauses = [Text(f"{passages.en}, {self.manner.en}", f"{passages.zh}，{self.manner.zh}")]
        counts = (
            *(self.queries, self.judgments, self.scores, self.duplicates, self.repeated),
            *(self.empty_lines, self.empty_passages, self.unknown_judgments),
        )
        clauses += [_count(count, words) for count, words in zip(counts, _CLAUSES, strict=True) if count]
        clauses += self.notes
        clauses += [Text(f"read as {name}", f"按 {name} 编码读取") for name in self.encodings if name != UTF_8]
        return Text("; ".join(clause.en for clause in clauses), "；".join(clause.zh for clause in clauses))


@dataclass(frozen=True, eq=False)
class Loaded:
    """A collection made from a person's input, and how the input was understood."""

    collection: Collection
    reading: Reading


Words = tuple[str, str, str]

_PASSAGES: Words = ("{n} passage", "{n} passages", "{n} 个段落")
_CLAUSES: tuple[Words, ...] = (
    ("{n} query", "{n} queries", "{n} 个查询"),
    ("{n} judgment", "{n} judgments", "{n} 条相关性判断"),
    ("{n} score of the engine", "{n} scores of the engine", "{n} 个搜索引擎得分"),
    ("{n} duplicate left out", "{n} duplicates left out", "已省略 {n} 个重复段落"),
    ("{n} text that came before kept under its own id", "{n} texts that came before kept under their own ids",
     "{n} 个文本相同但 id 不同的段落予以保留"),
    ("{n} empty line skipped", "{n} empty lines skipped", "跳过 {n} 个空行"),
    ("{n} passage without text skipped", "{n} passages without text skipped", "跳过 {n} 个无文本的段落"),
    ("{n} judgment of an unknown query or passage left out", "{n} judgments of unknown queries or passages left out",
     "已省略 {n} 条查询或段落不存在的判断"),
)  # fmt: skip


def _count(count: int, words: Words) -> Text:
    one, many, zh = words
    return Text((one if count == 1 else many).format(n=f"{count:,}"), zh.format(n=f"{count:,}"))
