"""What a ranker is: an object that knows who it is and ranks passages.

A kind of ranker is a class with these methods in a file of its own, and a row in `registry`. It is frozen, equal to
another that would give the same scores, and `str()` writes it in the form that the registry reads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from demo.errors import DemoError, ModelError
from demo.messages import Message
from demo.progress import Steps
from demo.rankers.text_form import RankerOptions, Written, name_inside
from demo.records import Collection, Explanation, Failure, IntArray, Query, RankerSpec, Ranking
from demo.text import Analysis

if TYPE_CHECKING:
    from demo.rankers.tools import Tools

_LOG = logging.getLogger(__name__)


class Ranker(Protocol):
    """Gives scores to passages."""

    @property
    def spec(self) -> RankerSpec:
        """Who it is, as far as that is known before the first score. Never fails."""

    def check(self) -> None:
        """Raises what would make ranking fail, as far as that can be told without working for it.

        Raises:
            DemoError: a model or a setting is unknown.
        """

    def fingerprint(self) -> str:
        """What changes whenever its scores for the same texts may; may load a model.

        Raises:
            DemoError: whatever the loading met.
        """

    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Steps[Ranking]:
        """The ranking of the passages at these indices of the collection, in their order; closing it stops the work.

        Raises:
            DemoError: the ranker cannot score these passages; the sentence says why.
        """


class Wrapped:
    """What a ranker around another has from that one."""

    ranker: Ranker

    def __str__(self) -> str:
        return str(self.ranker)

    @property
    def spec(self) -> RankerSpec:
        """The ranker's."""
        return self.ranker.spec

    def check(self) -> None:
        """As the ranker does."""
        self.ranker.check()

    def fingerprint(self) -> str:
        """The ranker's."""
        return self.ranker.fingerprint()


@runtime_checkable
class Finds(Protocol):
    """A first stage that gives its hits without a score for every other passage, so that the number does not matter."""

    def find(self, query: Query, collection: Collection) -> Steps[tuple[IntArray, Ranking]]:
        """Indices into the collection, int64 (m,), and their ranking, in which all are found.

        Raises:
            DemoError: as `Ranker.rank`.
        """


@runtime_checkable
class IndexesInMemory(Protocol):
    """A ranker whose index of the whole collection is in memory, however few passages it ranks."""

    @property
    def index_in_memory(self) -> bool:
        """Always True."""


@runtime_checkable
class MatchesWords(Protocol):
    """A ranker that cuts query and passages into terms and looks for those of the query."""

    @property
    def analysis(self) -> Analysis:
        """How it cuts them."""


@runtime_checkable
class Downloads(Protocol):
    """A ranker whose weights may have to be downloaded first."""

    def not_here(self) -> str:
        """The model whose weights are not on this machine, as it was written; "" if they are."""


@runtime_checkable
class Explains(Protocol):
    """A ranker that can say why."""

    def explain(self, query: Query, collection: Collection, index: int) -> Steps[Explanation]:
        """Why the passage at this index of the collection has its score.

        Raises:
            DemoError: as `Ranker.rank`.
        """


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of ranker.

    Attributes:
        key: its name in the code and in tests.
        names: the names that it is written with; none for the one kind whose names are those of models.
        read: the ranker that a text stands for. Raises InputError where an option cannot be used.
        offer: those that menus show.
        brackets: whether something is written in round brackets: the rankers that it is made of, or a name.
    """

    key: str
    names: tuple[str, ...]
    read: Callable[[Written, Tools], Ranker]
    offer: Callable[[Tools], Sequence[Ranker]]
    brackets: bool = False


def named_kind(
    name: str, wanted: Message, make: Callable[[str, Tools], Ranker], offered: Callable[[Tools], Iterable[str]]
) -> Kind:
    """A kind that is written with one name in round brackets and no options, such as remote(my-reranker).

    Args:
        name: Of the kind.
        wanted: What to say where there is not exactly one name.
        make: The ranker of a name.
        offered: The names of the rankers that menus show.
    """

    def read(written: Written, tools: Tools) -> Ranker:
        RankerOptions(name, written.options).close()
        return make(name_inside(written, wanted), tools)

    return Kind(name, (name,), read, lambda tools: [make(each, tools) for each in offered(tools)], brackets=True)


# ---- one ranker among others ---------------------------------------------------------------------------------------


def checked(ranking: Ranking, size: int) -> Ranking:
    """The ranking, if it is of so many passages.

    Raises:
        ModelError: it is of fewer or more, so that no score can be told to be whose.
    """
    if ranking.scores.size == size:
        return ranking
    raise ModelError(
        "{label} gave {scores} scores for {passages} passages. Choose another ranker.",
        label=ranking.ranker.label,
        scores=ranking.scores.size,
        passages=size,
    )


def failure_of(ranker: Ranker, error: Exception) -> Failure:
    """The ranker's place and the reason: the error's own sentence; a neutral one for a bug, which goes to the log."""
    if isinstance(error, DemoError):
        return Failure(ranker.spec, error.message)
    _LOG.error("%s failed", ranker, exc_info=error)
    return Failure(ranker.spec, Message("It failed by a fault of this app; the log has the details."))
