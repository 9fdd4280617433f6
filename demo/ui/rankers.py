"""Menus of models and of rankers, the same in every tab."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from demo.messages import Language, Message
from demo.rankers.bm25_index import VARIANTS, Bm25Settings
from demo.rankers.choices import Bm25Choice, CrossEncoderChoice, EngineChoice, RankerChoice
from demo.service import MOST_RANKERS, RankingService, label_of
from demo.ui import wording as w
from demo.ui.views.models import place


def model_choices(service: RankingService, language: Language) -> list[tuple[str, str]]:
    """Every model on offer with where its weights are; the value is its key."""
    return [(f"{choice.spec.label} · {place(choice, language)}", choice.spec.key) for choice in service.models()]


def build_model_menu(service: RankingService, label: w.Labels, elem_id: str) -> gr.Dropdown:
    """One model; any other may be named where the settings allow it."""
    any_model = service.settings.any_model
    return gr.Dropdown(
        model_choices(service, "en"),
        value=service.default_model(),
        label=label(w.MODEL),
        info=label(w.MODEL_INFO) if any_model else None,
        allow_custom_value=any_model,
        elem_id=elem_id,
    )


def build_ranker_menu(
    service: RankingService, engine: bool, models: Sequence[str], text: Message, label: w.Labels, elem_id: str
) -> gr.Dropdown:
    """Several rankers, those of the menu or any that can be written; BM25 and `models` are chosen at the start."""
    return gr.Dropdown(
        ranker_choices(offered(service, engine), service, "en"),
        value=[str(Bm25Choice()), *models],
        label=label(text),
        info=label(w.RANKERS_INFO),
        multiselect=True,
        max_choices=MOST_RANKERS,
        allow_custom_value=True,
        elem_id=elem_id,
    )


def offered(service: RankingService, engine: bool) -> list[RankerChoice]:
    """The variants of BM25, the engine's scores where they are asked for, every model."""
    variants = [Bm25Choice(Bm25Settings(variant=row.key)) for row in VARIANTS]
    scores = [EngineChoice()] if engine else []
    return [*variants, *scores, *(CrossEncoderChoice(row.spec.key) for row in service.models())]


def bundled_models(service: RankingService) -> list[str]:
    """Keys of the models that come with the page."""
    return [row.spec.key for row in service.models() if row.where == "bundled"]


def ranker_choices(
    choices: Sequence[RankerChoice], service: RankingService, language: Language
) -> list[tuple[str, str]]:
    """The choices as menu entries; models say where their weights are."""
    places = {key: label for label, key in model_choices(service, language)}
    return [(places.get(str(choice)) or _name(choice, language), str(choice)) for choice in choices]


def _name(choice: RankerChoice, language: Language) -> str:
    return w.FIRST_STAGE_ENGINE.to(language) if isinstance(choice, EngineChoice) else label_of(choice)
