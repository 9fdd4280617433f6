"""A cross-encoder as a ranker: a model reads query and passage together and gives one logit."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from demo.errors import DemoError
from demo.messages import Message
from demo.phrases import shown
from demo.progress import Progress, as_steps
from demo.rankers.cross_encoder.occlusion import occlude
from demo.rankers.cross_encoder.scoring import Scored, Scoring, Use
from demo.rankers.protocol import Kind
from demo.rankers.text_form import RankerOptions, Written, quote, write_options
from demo.rankers.tools import Tools
from demo.records import Collection, Explanation, IntArray, ModelUse, Query, RankerSpec, Ranking
from demo.score_kinds import LOGIT

MOST_TOKENS = 1_000_000
"""Far beyond what any model reads; more is a slip of the keyboard."""

MOST_SHOWN = 40
"""Characters of an instruction in a label."""

FEW, LEAST_SPREAD = 5, 0.02
"""From so many passages on, raw scores of a trained reranker differ by more than this: those of the bundled models for
BM25's five best passages of 96 queries of the bundled collections lie at least 0.89 apart (median 10)."""


@dataclass(frozen=True, slots=True)
class CrossEncoder:
    """A model and how it is used.

    Attributes:
        model: key, alias, hub id or folder; empty takes the default.
        precision: "fp32", "bf16" or "fp16"; empty takes the setting.
        windows: whether long passages are scored in overlapping windows, best window counting.
        max_tokens: longest pair to read; 0 takes the model's own length.
        instruction: what the model is told besides the query; empty takes its own. Not every model takes one.
    """

    model: str
    scoring: Scoring = field(compare=False, repr=False)
    precision: str = ""
    windows: bool = False
    max_tokens: int = 0
    instruction: str = ""

    def __str__(self) -> str:
        options = write_options(
            {
                "precision": self.precision or None,
                "max_tokens": str(self.max_tokens) if self.max_tokens else None,
                "windows": "" if self.windows else None,
                "instruction": self.instruction or None,
            }
        )
        if not self.model and options:
            return options
        return f"{quote(self.model, always='/' not in self.model)}{options}"

    def _use(self) -> Use:
        return self.scoring.use(self.model, self.precision, self.windows, self.max_tokens, self.instruction)

    @property
    def spec(self) -> RankerSpec:
        """Named as its model is; by the text itself where there is no such model."""
        try:
            use = self._use()
        except DemoError:
            return RankerSpec(str(self), shown(str(self)), LOGIT)
        return self._named(use.model(use.spec, self.scoring.revision(use)))

    def _named(self, use: ModelUse) -> RankerSpec:
        precision = "" if use.precision == self.scoring.usual_precision else use.precision
        tokens = f"{self.max_tokens} tokens" if self.max_tokens else ""
        told = f"“{shown(self.instruction, MOST_SHOWN)}”" if self.instruction else ""
        label = " · ".join(filter(None, (use.spec.label, precision, tokens, "MaxP" * self.windows, told)))
        return RankerSpec(str(replace(self, model=use.spec.key, precision=precision)), label, LOGIT, use)

    def check(self) -> None:
        """Model and precision are known."""
        self._use()

    def not_here(self) -> str:
        """As `Downloads.not_here`; the default model is not looked for."""
        specs = [spec for spec, where in self.scoring.models() if where != "download"]
        offered = {"", *(name for spec in specs for name in (spec.key, *spec.aliases))}
        return "" if self.model in offered or self.scoring.revision(self._use()) else self.model

    def fingerprint(self) -> str:
        """The weights, and how they are used."""
        return self.scoring.fingerprint(self._use())

    def work(self, tokens: Sequence[int]) -> tuple[int, float]:
        """How many tokens it reads of pairs with so many each, and the seconds that this is expected to take here.

        Raises:
            DemoError: there is no such model.
        """
        use = self._use()
        most = self.scoring.most_tokens(use)
        read = sum(tokens) if self.windows else sum(min(each, most) for each in tokens)
        return read, self.scoring.expected_seconds(use, read)

    def unscored(self, query: str, texts: Sequence[str]) -> Sequence[str]:
        """Those of the texts whose score is not kept.

        Raises:
            DemoError: there is no such model.
        """
        return self.scoring.unscored(self._use(), query, texts)

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """As `Ranker.rank`; scores that were computed before are not computed again."""
        contents = [collection.passages[index].content for index in indices.tolist()]
        scored = yield from self._scored(query.text, contents)
        spec = self._named(scored.model)
        warnings = (*scored.model.spec.cautions, *_hardly_different(spec, scored))
        return Ranking.from_scores(spec, scored.scores, scored.cost, scored.extents, warnings=warnings)

    @as_steps
    def _scored(self, query: str, contents: list[str]) -> Generator[Progress, None, Scored]:
        return (yield from self.scoring.score(self._use(), query, contents))

    @as_steps
    def explain(self, query: Query, collection: Collection, index: int) -> Generator[Progress, None, Explanation]:
        """What leaving out each word does to the score."""
        content = collection.passages[index].content
        return (yield from occlude(query.text, content, self._scored, lambda scored: self._named(scored.model)))


def _hardly_different(spec: RankerSpec, scored: Scored) -> tuple[Message, ...]:
    """Says that a model's scores lie suspiciously close; models whose scores are all equal are spoken of elsewhere."""
    spread = float(np.ptp(scored.scores)) if scored.scores.size >= FEW else LEAST_SPREAD
    if spread == 0 or spread >= LEAST_SPREAD:
        return ()
    return (
        Message(
            "The scores of {label} hardly differ ({spread:.3f} from first to last). A template or prompt that it was "
            "trained with may be missing in its files.",
            label=spec.label,
            spread=spread,
        ),
    )


def _read(written: Written, tools: Tools) -> CrossEncoder:
    options = RankerOptions(written.name or Message("The default model"), written.options)
    precision = options.text("precision")
    windows = options.yes("windows", False)
    wanted = Message("a whole number up to {most:,}, 0 for the model's own", most=MOST_TOKENS)
    max_tokens = options.whole("max_tokens", 0, MOST_TOKENS, wanted)
    instruction = options.text("instruction").strip()
    options.close()
    return CrossEncoder(written.name, tools.scoring, precision, windows, max_tokens, instruction)


def _offer(tools: Tools) -> Sequence[CrossEncoder]:
    models = tools.scoring.models()
    return [CrossEncoder(spec.key, tools.scoring) for spec, where in models if where != "unusable"]


KIND = Kind("cross-encoder", (), _read, _offer)
