"""The training sets: what is read, how much of it, and under which licence.

Three kinds of files are known, plain or compressed with xz or gzip: `pairs.jsonl` with {"query", "positive"},
`queries.jsonl` with {"query"} and `passages.jsonl` with {"title", "heading", "text"}. Sets whose licence does not allow
giving trained weights away are not rows here, so they are never read by name.
"""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


class DataError(ValueError):
    """A training file cannot be used as it is; the message names the file and the line."""


_SUFFIXES = (".jsonl", ".jsonl.xz", ".jsonl.gz")


Kind = Literal["pairs", "queries", "passages"]
KINDS: tuple[Kind, ...] = ("pairs", "queries", "passages")


@dataclass(frozen=True)
class Source:
    """One training set.

    Attributes:
        name: Folder name below the data folder.
        kind: Whether the set has questions with answers, questions alone, or passages alone.
        limit: Most rows that are taken (drawn at random); None takes all.
        licence: Licence of the texts, as stated by their source.
    """

    name: str
    kind: Kind
    limit: int | None
    licence: str


SOURCES: tuple[Source, ...] = (
    Source("boolq_dev", "pairs", None, "CC BY-SA 3.0"),
    Source("boolq_test", "pairs", None, "CC BY-SA 3.0"),
    Source("clapnq", "pairs", None, "Apache-2.0; texts CC BY-SA 3.0"),
    Source("qed_dev", "pairs", None, "CC BY-SA 3.0"),
    Source("nq_open_gold", "pairs", None, "MIT; texts CC BY-SA 3.0"),
    Source("selqa", "pairs", None, "Apache-2.0; texts CC BY-SA 3.0"),
    Source("qnli_dev", "pairs", None, "CC BY-SA 4.0"),
    Source("xquad_en", "pairs", None, "CC BY-SA 4.0"),
    Source("squad_sentences", "pairs", 4000, "CC BY-SA 4.0"),
    Source("medquad", "pairs", 2500, "CC BY 4.0"),
    Source("pubmedqa", "pairs", None, "MIT"),
    Source("stackexchange_skeptics", "pairs", None, "CC BY-SA 3.0/4.0"),
    Source("stackexchange_beer_coffee", "pairs", None, "CC BY-SA 3.0/4.0"),
    Source("stackexchange_ai_quantum", "pairs", None, "CC BY-SA 3.0/4.0"),
    Source("aws_qa", "pairs", None, "CC BY 4.0; texts CC BY-SA 4.0"),
    Source("va_gov_faq", "pairs", None, "CC0"),
    Source("openstax_definitions", "pairs", 1500, "CC BY 4.0"),
    Source("strategyqa_facts", "pairs", None, "MIT"),
    Source("fool_me_twice_evidence", "pairs", None, "Apache-2.0; texts CC BY-SA"),
    Source("ottqa_dev", "pairs", None, "MIT; texts CC BY-SA 3.0"),
    Source("fetaqa_answers", "pairs", None, "CC BY-SA 4.0"),
    Source("nq_open_questions", "queries", None, "CC BY-SA 3.0"),
    Source("ambignq_train_light", "queries", 12000, "CC BY-SA 3.0"),
    Source("webquestions", "queries", None, "CC BY 4.0"),
    Source("tydi_miracl_en_questions", "queries", None, "Apache-2.0"),
    Source("rqe_medical_questions", "queries", 3000, "CC BY 4.0"),
    Source("stackexchange_cooking_titles", "queries", 5000, "CC BY-SA 3.0"),
    Source("cqadupstack_titles", "queries", 4000, "CC BY-SA 3.0"),
    Source("stackexchange_ai_quantum_titles", "queries", 500, "CC BY-SA 3.0/4.0"),
    Source("expertqa_questions", "queries", None, "MIT"),
    Source("squad_questions", "queries", 3000, "CC BY-SA 4.0"),
    Source("simplequestions", "queries", 2500, "CC BY 3.0"),
    Source("hotpotqa_questions", "queries", 1000, "CC BY-SA 4.0"),
    Source("ottqa_questions", "queries", 500, "MIT"),
    Source("fanoutqa_fetaqa_questions", "queries", 1000, "MIT; CC BY-SA 4.0"),
    Source("strategyqa_questions", "queries", 1000, "MIT"),
    Source("rubq_en_questions", "queries", 800, "CC BY-SA 4.0"),
    Source("qald_questions", "queries", 500, "MIT"),
    Source("openstax_exercise_questions", "queries", 1500, "CC BY 4.0"),
    Source("banking77_questions", "queries", 300, "CC BY 4.0"),
    Source("claims_fever_creak_hover", "queries", 5000, "CC BY-SA 3.0; MIT"),
    Source("wikipedia_2015", "passages", None, "CC BY-SA 3.0"),
    Source("wikipedia_intros", "passages", 100_000, "CC BY-SA 3.0"),
    Source("wikipedia_2018", "passages", 10_000, "CC BY-SA 3.0"),
    Source("openstax_textbooks", "passages", 30_000, "CC BY 4.0"),
    Source("us_gov_and_open_source_guides", "passages", 6000, "CC BY 4.0; CC0"),
    Source("freecodecamp_guide", "passages", None, "CC BY-SA 4.0"),
    Source("va_gov_2019", "passages", None, "CC0"),
    Source("medquad_more", "passages", None, "CC BY 4.0"),
    Source("aws_documentation", "passages", 5000, "CC BY-SA 4.0"),
    Source("world_factbook", "passages", 4000, "CC0"),
)


@dataclass(frozen=True)
class Pair:
    """A question and a passage that answers it."""

    query: str
    positive: str


@dataclass(frozen=True)
class Section:
    """A passage with where it stands: the title of its document and the heading above it (may be empty)."""

    title: str
    heading: str
    text: str


def find_file(folder: Path, stem: str) -> Path | None:
    """The first of `stem`.jsonl, .jsonl.xz and .jsonl.gz in `folder`, or None."""
    return next((p for suffix in _SUFFIXES if (p := folder / f"{stem}{suffix}").is_file()), None)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file, one a line; blank lines are passed over.

    Raises:
        DataError: A line is not a JSON object; the message names it.
    """
    openers = {".xz": lzma.open, ".gz": gzip.open}
    with openers.get(path.suffix, open)(path, "rt", encoding="utf-8") as stream:  # type: ignore[operator]
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield _json_object(line, path, number)


def _json_object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"Line {number} of {path.name} is not JSON: {error.msg}.") from error
    if not isinstance(value, dict):
        raise DataError(f"Line {number} of {path.name} is not a JSON object.")
    return value


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a file.

    Raises:
        DataError: A row lacks `query` or `positive`.
    """
    return [
        Pair(_field(row, "query", path, number), _field(row, "positive", path, number))
        for number, row in enumerate(read_lines(path), start=1)
    ]


def read_queries(path: Path) -> list[str]:
    """The questions of a file.

    Raises:
        DataError: A row lacks `query`.
    """
    return [_field(row, "query", path, number) for number, row in enumerate(read_lines(path), start=1)]


def read_sections(path: Path) -> list[Section]:
    """The passages of a file; `title` and `heading` may be missing.

    Raises:
        DataError: A row lacks `text`.
    """
    return [
        Section(_tidy(row.get("title", "")), _tidy(row.get("heading", "")), _field(row, "text", path, number))
        for number, row in enumerate(read_lines(path), start=1)
    ]


def _field(row: dict[str, Any], name: str, path: Path, number: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"Row {number} of {path.name} has no `{name}`. Each row needs it, as text.")
    return _tidy(value)


def _tidy(text: object) -> str:
    return " ".join(str(text).split())
