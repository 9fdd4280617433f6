"""The table of all models: where they are, how their score is read, what was published about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.messages import Language
from demo.records import ModelSpec
from demo.service import ModelChoice
from demo.ui import wording as w
from demo.ui.views.render import render

UNUSABLE = "unusable"
_ORIGINS = {"bundled": w.MODEL_BUNDLED, "cached": w.MODEL_CACHED, "served": w.MODEL_SERVED, "local": w.MODEL_LOCAL}


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model, where its weights are, in words, and whether it may be chosen."""

    spec: ModelSpec
    where: str
    here: bool
    usable: bool


def origin(choice: ModelChoice, language: Language) -> str:
    """«bundled», «on this machine», «on the servers», «own folder», «cannot be used» or «downloads 91 MB»."""
    if choice.where == UNUSABLE:
        return w.MODEL_UNUSABLE.to(language)
    if choice.where in _ORIGINS:
        return _ORIGINS[choice.where].to(language)
    if not choice.spec.weights_bytes:
        return w.MODEL_DOWNLOAD_UNKNOWN.to(language)
    return w.MODEL_DOWNLOAD.format(size=f"{choice.spec.weights_bytes / 1e6:.0f} MB").to(language)


def models(choices: Sequence[ModelChoice], language: Language) -> str:
    """Every model on offer, one row each."""
    rows = [
        ModelRow(choice.spec, origin(choice, language), choice.where in _ORIGINS, choice.where != UNUSABLE)
        for choice in choices
    ]
    return render("models.html", language, rows=rows)
