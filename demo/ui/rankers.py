"""The rankers that a menu offers, the same in every tab that takes several."""

from __future__ import annotations

from collections.abc import Sequence

from demo.language import Language
from demo.rankers.bm25 import VARIANTS, Bm25Settings
from demo.rankers.choices import Bm25Choice, CrossEncoderChoice, EngineChoice, RankerChoice
from demo.service import RankingService, label_of
from demo.ui import wording as w
from demo.ui.rerank.inputs import model_choices


def offered(service: RankingService, engine: bool) -> list[RankerChoice]:
    """The variants of BM25, the engine's scores where they are asked for, every model."""
    variants = [Bm25Choice(Bm25Settings(variant=row.key)) for row in VARIANTS]
    scores = [EngineChoice()] if engine else []
    return [*variants, *scores, *(CrossEncoderChoice(row.spec.key) for row in service.models())]


def default_rankers(service: RankingService) -> list[str]:
    """What is chosen at the start: BM25, and the models that come with the page."""
    bundled = [row.spec.key for row in service.models() if row.where == "bundled"]
    return [str(Bm25Choice()), *bundled]


def ranker_choices(
    choices: Sequence[RankerChoice], service: RankingService, language: Language
) -> list[tuple[str, str]]:
    """The choices as menu entries; models say where their weights are."""
    places = {key: label for label, key in model_choices(service, language)}
    return [(places.get(str(choice)) or _name(choice, language), str(choice)) for choice in choices]


def _name(choice: RankerChoice, language: Language) -> str:
    return w.FIRST_STAGE_ENGINE.to(language) if isinstance(choice, EngineChoice) else label_of(choice)
