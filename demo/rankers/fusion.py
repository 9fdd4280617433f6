"""Fusion: one ranking made of several, without reading a passage again.

Reciprocal rank fusion looks only at ranks: a passage gets w / (k + rank) from each member, so a first place counts most
and no member's scale matters (Cormack, Clarke and Büttcher 2009, doi:10.1145/1571941.1572114). A weighted sum looks at
scores, after each member's were brought to 0…1 (min–max) or to mean 0 and standard deviation 1 (z); it keeps how far
apart passages stand (compared by Bruch, Gai and Ingber 2023, doi:10.1145/3596512).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from demo.errors import InputError
from demo.messages import Message
from demo.normalisation import Values, min_max, standard
from demo.phrases import shown
from demo.progress import Progress, as_steps
from demo.rankers.protocol import Kind, Ranker
from demo.rankers.text_form import RankerOptions, Written, as_number, read, write_number, write_options
from demo.rankers.tools import Tools
from demo.records import Collection, Cost, IntArray, Query, RankerSpec, Ranking
from demo.score_kinds import RRF, WEIGHTED_SUM, ScoreKind

RRF_K = 60.0
"""The constant of reciprocal rank fusion as its authors set it."""

CANCELLED = 1e-12
"""A sum below this share of what was added is what rounding left of 0, and must not break a tie."""


@dataclass(frozen=True, slots=True)
class FusionMethod:
    """A way to make one ranking of several.

    Attributes:
        key: how it is written; label: in the names of rankers; choice: in a menu.
        kind: of the scores that it gives.
        scale: brings a member's scores to one scale with the others'; None: its ranks count, not its scores.
    """

    key: str
    label: str
    choice: Message
    kind: ScoreKind
    scale: Callable[[Values], Values | None] | None = None

    @property
    def has_k(self) -> bool:
        """Whether it has the constant of reciprocal rank fusion."""
        return self.scale is None


METHODS = (
    FusionMethod("rrf", "RRF", Message("reciprocal rank (RRF)"), RRF),
    FusionMethod("min-max", "min–max", Message("weighted sum after min–max"), WEIGHTED_SUM, min_max),
    FusionMethod("z", "z", Message("weighted sum after z"), WEIGHTED_SUM, standard),
)
_NAMES = tuple(row.key for row in METHODS)


def find_method(key: str) -> FusionMethod:
    """The method that is written so."""
    return next(row for row in METHODS if row.key == key)


@dataclass(frozen=True, slots=True)
class Fusion:
    """One ranking made of others.

    Attributes:
        method: key of one of METHODS.
        members: at least two rankers, none of them a fusion.
        weights: one for each member, not negative and not all 0; empty: all 1, which becomes empty, too.
        k: of reciprocal rank fusion only; any other method has the usual one.

    Raises:
        InputError: any of this is not so.
    """

    method: str
    members: tuple[Ranker, ...]
    weights: tuple[float, ...] = ()
    k: float = RRF_K

    def __post_init__(self) -> None:
        if any(isinstance(member, Fusion) for member in self.members):
            raise _nested(self.method)
        if len(self.members) < 2:
            raise InputError(
                "A fusion needs two rankers or more, and {method} was given {members}. Add one.",
                method=self.method,
                members=len(self.members),
            )
        if self.weights and len(self.weights) != len(self.members):
            raise InputError(
                "The fusion has {members} rankers and {weights} weights. Give one for each.",
                members=len(self.members),
                weights=len(self.weights),
            )
        if self.weights and (min(self.weights) < 0 or not any(self.weights)):
            raise InputError(
                "The weights of a fusion are 0 or more, and one is above 0; found {weights}.",
                weights=shown(_slashed(self.weights)),
            )
        if self.k < 0:
            raise InputError(
                "The k of reciprocal rank fusion is {k:g}. Write 0 or more; {usual:g} is usual.", k=self.k, usual=RRF_K
            )
        if set(self.weights) == {1.0}:
            object.__setattr__(self, "weights", ())
        if not find_method(self.method).has_k:
            object.__setattr__(self, "k", RRF_K)

    def __str__(self) -> str:
        return f"{self.method}({'+'.join(map(str, self.members))}){self._written_options()}"

    def _written_options(self) -> str:
        return write_options(
            {
                "weights": _slashed(self.weights) if self.weights else None,
                "k": write_number(self.k) if self.k != RRF_K else None,
            }
        )

    @property
    def spec(self) -> RankerSpec:
        """“RRF (BM25 + Tiny)”, with k and weights where they are not the usual ones."""
        row = find_method(self.method)
        method = row.label
        if self.k != RRF_K:
            method += f", k = {self.k:g}"
        members = [member.spec for member in self.members]
        parts = (
            member.label if weight == 1 else f"{weight:g} × {member.label}"
            for weight, member in zip(self._weights, members, strict=True)
        )
        return RankerSpec(
            key=f"{self.method}({'+'.join(member.key for member in members)}){self._written_options()}",
            label=f"{method} ({' + '.join(parts)})",
            kind=row.kind,
            ranks_collection=all(member.ranks_collection for member in members),
        )

    @property
    def _weights(self) -> tuple[float, ...]:
        return self.weights or (1.0,) * len(self.members)

    def check(self) -> None:
        """As its members do."""
        for member in self.members:
            member.check()

    def fingerprint(self) -> str:
        """The method, its options and its members' fingerprints."""
        return " ".join((self.spec.key, *(member.fingerprint() for member in self.members)))

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """As `Ranker.rank`, with what its members warn of and are billed; their times are their own."""
        rankings: list[Ranking] = []
        for member in self.members:
            rankings.append((yield from member.rank(query, collection, indices)))
        return replace(
            self.fuse(rankings),
            cost=Cost(
                usd=sum(ranking.cost.usd for ranking in rankings),
                kept_usd=sum(ranking.cost.kept_usd for ranking in rankings),
            ),
            warnings=tuple(dict.fromkeys(each for ranking in rankings for each in ranking.warnings)),
        )

    def fuse(self, rankings: Sequence[Ranking]) -> Ranking:
        """The fused ranking of the members' candidates; a candidate is found if a member found it.

        Weights are used as they are: doubling all of them doubles the scores and keeps the order. A member that did
        not find a candidate gives it nothing in reciprocal rank fusion. In a weighted sum a member whose scores are all
        equal adds 0; a candidate that it did not find or gave no score (NaN) counts as its lowest, which adds 0 under
        min–max, and an infinite score as its highest or lowest finite one.

        Args:
            rankings: of the same n candidates, in the order of `members`.

        Raises:
            ValueError: they are fewer or more than the members, or differ in length.
        """
        sizes = [ranking.ranks.size for ranking in rankings]
        if len(rankings) != len(self.members) or len(set(sizes)) > 1:
            raise ValueError(f"{self} is made of {len(self.members)} rankings of one length, found lengths {sizes}")
        shares = np.array([self._share(ranking) for ranking in rankings]) * np.array(self._weights)[:, None]
        scores = shares.sum(axis=0)
        scores[np.abs(scores) < CANCELLED * np.abs(shares).sum(axis=0)] = 0.0
        found = np.any([ranking.found for ranking in rankings], axis=0)
        return Ranking.from_scores(self.spec, scores, found=found)

    def _share(self, ranking: Ranking) -> Values:
        """What a member adds for each candidate at weight 1."""
        scale = find_method(self.method).scale
        if scale is None:
            return np.where(ranking.found, 1.0 / (self.k + ranking.ranks.astype(np.float64)), 0.0)
        scores = ranking.scores.astype(np.float64)
        finite = scores[np.isfinite(scores)]
        if not finite.size:
            return np.zeros_like(scores)
        known = np.where(ranking.found & ~np.isnan(scores), scores, -np.inf)
        filled = np.clip(known, finite.min(), finite.max())
        scaled = scale(filled)
        return np.zeros_like(scores) if scaled is None else scaled


def _slashed(weights: Iterable[float]) -> str:
    return "/".join(map(write_number, weights))


def _nested(method: str) -> InputError:
    return InputError("{method} holds another fusion. Name the rankers themselves.", method=method)


def _read(written: Written, tools: Tools) -> Fusion:
    options = RankerOptions(written.name, written.options)
    weights = tuple(as_number(written.name, "weights", part) for part in options.text("weights").split("/") if part)
    k = options.number("k", RRF_K) if find_method(written.name).has_k else RRF_K
    options.close()
    members = written.members or ()
    if len(members) > tools.settings.max_members:
        raise InputError(
            "A fusion has at most {most} rankers, and {method} was given {members}. Leave some out.",
            most=tools.settings.max_members,
            method=written.name,
            members=len(members),
        )
    if any(read(member).name in _NAMES and read(member).members is not None for member in members):
        raise _nested(written.name)  # however deep they go, none is read
    return Fusion(written.name, tuple(map(tools.read, members)), weights, k)


KIND = Kind("fusion", _NAMES, _read, lambda tools: [], brackets=True)
