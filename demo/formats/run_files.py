"""Files of runs, archives opened, each run under a name of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import PurePosixPath

from demo.errors import InputError
from demo.formats.archive import File, unpack
from demo.formats.reading import PREVIEW_ROWS, Preview
from demo.formats.source import Column, Fields, Limits, Source
from demo.formats.trec_runs import Run, read_run
from demo.messages import Message, clauses
from demo.phrases import count_queries, count_results


@dataclass(frozen=True, slots=True)
class RunsReading:
    """How files were understood as runs; what it can be asked is what a `Reading` can be asked."""

    runs: Mapping[str, Run]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that a person can choose from."""
        return tuple(dict.fromkeys(name for run in self.runs.values() for name in run.names))

    @property
    def columns(self) -> tuple[Column, ...]:
        """What fields of the files were taken for."""
        return tuple(dict.fromkeys(column for run in self.runs.values() for column in run.columns))

    @property
    def is_certain(self) -> bool:
        """Whether the names of all these fields say so, or a person chose them."""
        return all(column.certain for column in self.columns)

    @property
    def preview(self) -> Preview:
        """The first results of the first run."""
        run = next(iter(self.runs.values()))
        rows = (
            (query_id, doc_id, f"{score:g}")
            for query_id, doc_ids in run.rankings.items()
            for doc_id, score in zip(doc_ids, run.scores[query_id], strict=True)
        )
        return Preview(results=tuple(islice(rows, PREVIEW_ROWS)))

    def sentence(self) -> Message:
        """“a.run: 20 results for 2 queries”, for each run, without a full stop."""
        said = []
        for name, run in self.runs.items():
            results = sum(map(len, run.rankings.values()))
            counts = {"results": count_results(results), "queries": count_queries(len(run.rankings))}
            said.append(Message("{name}: {results} for {queries}", name=name, **counts))
            said += run.notes
        return clauses(said)

    def summary(self) -> Message:
        """The same: it says nothing of columns."""
        return self.sentence()


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs by the names of their files, and how the files were understood."""

    runs: Mapping[str, Run]

    @property
    def reading(self) -> RunsReading:
        """How they were understood."""
        return RunsReading(self.runs)


def read_runs(files: Sequence[File], limits: Limits, fields: Fields = Fields()) -> Runs:
    """Every run in the files by the last part of its file's name, of equal names the second with “ (2)” behind it.

    Args:
        fields: which fields hold query, passage (`id`) and score (`grade`), where a person chose them.

    Raises:
        InputError: a file is no run, there is none, or as `unpack`.
    """
    runs: dict[str, Run] = {}
    for path, content in unpack(files, limits):
        name = PurePosixPath(path).name
        own = next(own for n in count(1) if (own := f"{name} ({n})" if n > 1 else name) not in runs)
        runs[own] = read_run(Source(path, content, limits, chosen=fields))
    if not runs:
        raise InputError("There is no file in the archive. Give a run, or an archive with runs in it.")
    return Runs(runs)


def read_one_run(files: Sequence[File], limits: Limits, fields: Fields = Fields()) -> Runs:
    """The same, of files with one run in them.

    Raises:
        InputError: there are several, or as `read_runs`.
    """
    found = read_runs(files, limits, fields)
    if len(found.runs) == 1:
        return found
    raise InputError(
        "There are {runs} runs in the file, and one makes the candidates. Give that one; runs beside the collection "
        "are all rankers.",
        runs=len(found.runs),
    )
