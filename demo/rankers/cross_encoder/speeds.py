"""How fast models read on this machine, for expectations only: by what they took lately, or by their size."""

from __future__ import annotations

from threading import Lock

from demo.records import Cost, ModelSpec

OPERATIONS_PER_SECOND = 2e10
"""Of a machine of which nothing is known: a slow one, so that waits turn out shorter than they were told."""

UNKNOWN_PARAMETERS = 100_000_000

MEMORY_TOKENS = 50_000
"""So many tokens back count half."""


class Speeds:
    """Tokens and seconds of each model and precision, older ones counting less. Safe to use from several threads."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], tuple[float, float]] = {}
        self._lock = Lock()

    def note(self, spec: ModelSpec, precision: str, cost: Cost) -> None:
        """Remembers what a run took."""
        if not cost.tokens:
            return
        with self._lock:
            tokens, seconds = self._spent.get((spec.key, precision), (0.0, 0.0))
            kept = 0.5 ** (cost.tokens / MEMORY_TOKENS)
            spent = cost.tokenise_seconds + cost.model_seconds
            self._spent[spec.key, precision] = (kept * tokens + cost.tokens, kept * seconds + spent)

    def seconds_per_token(self, spec: ModelSpec, precision: str) -> float:
        """What a token of the model takes."""
        with self._lock:
            tokens, seconds = self._spent.get((spec.key, precision), (0.0, 0.0))
        return seconds / tokens if tokens else 2 * _weights_used(spec) / OPERATIONS_PER_SECOND


def _weights_used(spec: ModelSpec) -> float:
    """Weights that a token is multiplied with: those of the layers where they are known, embeddings apart."""
    of_layers = 12 * spec.layers * spec.width**2
    return of_layers or spec.parameters or UNKNOWN_PARAMETERS
