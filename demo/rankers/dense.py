"""A bi-encoder as a ranker: query and passages become vectors by themselves, and the score is how similar they are.

The passages' vectors are made once for a collection, so that a query costs one forward pass however many passages there
are: a bi-encoder can be the first stage (Reimers, Gurevych 2019, arXiv:1908.10084; Karpukhin et al. 2020,
arXiv:2004.04906). Fused with BM25 it makes a hybrid first stage.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from demo.errors import DemoError, InputError
from demo.phrases import shown
from demo.progress import Progress, as_steps
from demo.rankers.cross_encoder.loading import own_bi_encoders
from demo.rankers.encoding import Encoding
from demo.rankers.protocol import Kind
from demo.rankers.text_form import RankerOptions, Written, quote, read
from demo.rankers.tools import Tools
from demo.records import Collection, Cost, IntArray, Query, RankerSpec, Ranking
from demo.score_kinds import SIMILARITY

NAME = "dense"

KNOWN = ("bundled/small", "sentence-transformers/all-MiniLM-L6-v2")
"""Offered where they are on this machine."""


@dataclass(frozen=True, slots=True)
class Dense:
    """A bi-encoder: hub id, folder, or name of a folder in the models folder."""

    model: str
    encoding: Encoding = field(compare=False, repr=False)

    index_in_memory = True

    def __str__(self) -> str:
        return f"{NAME}({quote(self.model)})"

    @property
    def spec(self) -> RankerSpec:
        """Named as its model is; by the text itself where there is no such model."""
        try:
            label = f"{self.encoding.spec(self.model).label} (dense)"
        except DemoError:
            label = shown(str(self))
        return RankerSpec(str(self), label, SIMILARITY, ranks_collection=True)

    def check(self) -> None:
        """The model is allowed here."""
        self.encoding.spec(self.model)

    def not_here(self) -> str:
        """As `Downloads.not_here`."""
        return "" if self.encoding.is_here(self.model) else self.model

    def fingerprint(self) -> str:
        """All files that vectors come from."""
        return f"{NAME} {self.encoding.fingerprint(self.model)} {self.encoding.settings.precision}"

    def encoding_work(self, collection: Collection, tokens: Callable[[str], int]) -> tuple[int, float]:
        """As `budgets.EncodesCollection.encoding_work`."""
        return self.encoding.work(self.model, collection, tokens)

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """As `Ranker.rank`; vectors of passages that were made before are not made again."""
        encoded = yield from self.encoding.encode(self.model, query, collection)
        cost = Cost(
            pairs=indices.size,
            index_seconds=encoded.encode_seconds,
            model_seconds=encoded.query_seconds,
            load_seconds=encoded.load_seconds,
            model_bytes=encoded.model_bytes,
            device=encoded.device,
            precision="fp32",
        )
        extents = tuple(encoded.extents[index] for index in indices.tolist())
        return Ranking.from_scores(self.spec, encoded.similarities[indices], cost, extents)


def _read(written: Written, tools: Tools) -> Dense:
    RankerOptions(NAME, written.options).close()
    members = written.members or ()
    if len(members) != 1:
        raise InputError(
            "dense holds one model, and {members} were given. Write for example dense({example}).",
            members=len(members),
            example=KNOWN[1],
        )
    return Dense(read(members[0]).name, tools.encoding)


def _offer(tools: Tools) -> Sequence[Dense]:
    own = own_bi_encoders(tools.encoding.settings)
    return [Dense(name, tools.encoding) for name in (*KNOWN, *own) if tools.encoding.is_here(name)]


KIND = Kind(NAME, (NAME,), _read, _offer, brackets=True)
