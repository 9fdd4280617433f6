"""Menus of models and of rankers, the same in every tab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from demo.errors import DemoError
from demo.messages import Language, Message
from demo.rankers.cross_encoder.scoring import PRECISIONS
from demo.rankers.protocol import Ranker
from demo.service import MOST_RANKERS, RankingService
from demo.ui import wording as w
from demo.ui.page import QUICK
from demo.ui.views.models import UNUSABLE, origin, parameters


def model_choices(service: RankingService, language: Language) -> list[tuple[str, str]]:
    """Every model on offer with its parameters and where its weights are; the value is its key."""
    usable = [(choice.spec, origin(choice, language)) for choice in service.models() if choice.where != UNUSABLE]
    sizes = [parameters(spec.parameters) if spec.parameters else "" for spec, _ in usable]
    return [
        (" · ".join(filter(None, (spec.label, size, where))), spec.key)
        for (spec, where), size in zip(usable, sizes, strict=True)
    ]


def reranker_choices(service: RankingService, language: Language) -> list[tuple[str, str]]:
    """Every model, and behind them the other rerankers, which say so if texts go to another server."""
    where = f" · {w.ANOTHER_SERVER.to(language)}"
    others = [(row.spec, str(row)) for row in service.rankers.other_rerankers()]
    return [
        *model_choices(service, language),
        *((f"{spec.label}{where if spec.sends_texts else ''}", text) for spec, text in others),
    ]


def build_model_menu(service: RankingService, label: w.Labels, elem_id: str) -> gr.Dropdown:
    """One model; any other may be named where the settings allow it."""
    any_model = service.settings.any_model
    info = w.MODEL_INFO if service.settings.is_private else w.HUB_MODEL_INFO
    return gr.Dropdown(
        reranker_choices(service, "en"),
        value=service.default_model(),
        label=label(w.MODEL),
        info=label(info) if any_model else None,
        allow_custom_value=any_model,
        elem_id=elem_id,
    )


def build_precision(usual: str, label: w.Labels, elem_id: str) -> gr.Dropdown:
    """The precision that a model computes in."""
    return gr.Dropdown(
        list(PRECISIONS),
        value=usual,
        label=label(w.PRECISION),
        info=label(w.PRECISION_INFO),
        elem_id=elem_id,
    )


def build_ranker_menu(
    service: RankingService, given: bool, models: Sequence[str], text: Message, label: w.Labels, elem_id: str
) -> gr.Dropdown:
    """Several rankers, those of the menu or any that can be written; the first stage and `models` are chosen at first.

    Args:
        given: whether scores that came along with passages are offered too.
    """
    return gr.Dropdown(
        ranker_choices(service, given, "en"),
        value=[str(service.default_first_stage()), *models],
        label=label(text),
        info=label(w.RANKERS_INFO),
        multiselect=True,
        max_choices=MOST_RANKERS,
        allow_custom_value=True,
        elem_id=elem_id,
    )


def ranker_choices(
    service: RankingService, given: bool, language: Language, written: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Every ranker on offer as a menu entry; models and remote rerankers say where they are.

    Args:
        given: as in `build_ranker_menu`.
        written: rankers as text; those that are not on offer follow, named as their columns are.
    """
    places = {key: label for label, key in reranker_choices(service, language)}
    rankers = [ranker for ranker in service.rankers.offered() if given or not ranker.spec.came_along]
    labels = {str(ranker): places.get(ranker.spec.key) or ranker.spec.label for ranker in rankers}
    for text in written:
        ranker = _read_if_right(service, text)
        if ranker is not None:
            labels.setdefault(str(ranker), ranker.spec.label)
    return [(label, text) for text, label in labels.items()]


def _read_if_right(service: RankingService, text: str) -> Ranker | None:
    try:
        return service.rankers.read(text)
    except DemoError:
        return None


def name_what_is_typed(
    menu: gr.Dropdown,
    service: RankingService,
    choices: Callable[..., list[tuple[str, str]]],
    others: Sequence[gr.State] = (),
) -> None:
    """Makes what is typed into a menu of rankers an entry, so that it has the words of its column.

    Args:
        choices: gives the menu for a language, rankers as text, and the values of `others`.
    """

    def named(request: gr.Request, chosen: list[str] | None, *values: Any) -> Any:
        language = w.language_of(request)
        read = [(text, _read_if_right(service, text)) for text in chosen or []]
        written = list(dict.fromkeys(text if ranker is None else str(ranker) for text, ranker in read))
        offered = {text for _, text in choices(language, (), *values)}
        if written == chosen and offered.issuperset(written):
            return gr.skip()
        return gr.Dropdown(choices=choices(language, written, *values), value=written)

    # gradio tells of what is typed by “change” alone, which would follow from its own answer for ever
    menu.blur(named, [menu, *others], menu, **QUICK)


def bundled_models(service: RankingService) -> list[str]:
    """Keys of the models that come with the page."""
    return [row.spec.key for row in service.models() if row.where == "bundled"]
