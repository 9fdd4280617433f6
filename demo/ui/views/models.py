"""The table of all models: where they are, how large, how much they read, what was published about them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.messages import Language
from demo.records import ModelSpec
from demo.service import ModelChoice
from demo.ui import wording as w
from demo.ui.views.facts import NOTHING
from demo.ui.views.render import render

UNUSABLE = "unusable"
_ORIGINS = {"bundled": w.MODEL_BUNDLED, "cached": w.MODEL_CACHED, "served": w.MODEL_SERVED, "local": w.MODEL_LOCAL}

_COMMON = re.compile("ForSequenceClassification$|ForCausalLM$|Model$")
THOUSAND_MILLION = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column in one language.

    Attributes:
        key: what rows are sorted by; "": they are not sorted by this one.
        number: whether it holds numbers.
        ascending: which way the first press sorts.
    """

    key: str
    label: str
    number: bool
    ascending: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column says of a model, and in smaller letters more."""

    column: Column
    text: str
    more: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return self.text == NOTHING and not self.more


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model in words, and whether it is here and may be chosen.

    Attributes:
        keys: what it is sorted by in each column; "" where that is not known.
    """

    key: str
    label: str
    where: str
    here: bool
    usable: bool
    cells: tuple[Cell, ...]
    notes: str
    keys: Mapping[str, str]


def origin(choice: ModelChoice, language: Language) -> str:
    """«bundled», «on this machine», «on the servers», «own folder», «cannot be used» or «downloads 91 MB»."""
    if choice.where == UNUSABLE:
        return w.MODEL_UNUSABLE.to(language)
    if choice.where in _ORIGINS:
        return _ORIGINS[choice.where].to(language)
    if not choice.spec.weights_bytes:
        return w.MODEL_DOWNLOAD_UNKNOWN.to(language)
    return w.MODEL_DOWNLOAD.format(size=f"{choice.spec.weights_bytes / 1e6:,.0f} MB").to(language)


def parameters(count: int) -> str:
    """A number of weights: «4.4 M», «335 M», «1.5 B»; “–” for 0, which stands for one that is not known."""
    if not count:
        return NOTHING
    if count >= THOUSAND_MILLION:
        return f"{count / 1e9:.1f}".removesuffix(".0") + " B"
    return f"{count / 1e6:.{1 if count < 10_000_000 else 0}f} M"


def models(choices: Sequence[ModelChoice], language: Language) -> str:
    """Every model on offer, one row each."""
    columns = [Column(key, label.to(language), number, up) for key, label, number, up in w.MODEL_COLUMNS]
    by_key = {column.key: column for column in columns}
    rows = [_row(choice, by_key, language) for choice in choices]
    return render("models.html", language, columns=columns, rows=rows)


def _row(choice: ModelChoice, columns: Mapping[str, Column], language: Language) -> ModelRow:
    spec, published = choice.spec, choice.spec.published
    figures = {
        "tokens": f"{spec.max_tokens:,}" if spec.max_tokens else NOTHING,
        "ndcg": f"{published.ndcg_at_10:.2f}" if published else NOTHING,
        "mrr": f"{published.mrr_at_10:.2f}" if published else NOTHING,
        "speed": f"{published.docs_per_second:,}" if published else NOTHING,
    }
    named = w.MODEL_LANGUAGES[spec.language].to(language) if spec.language else ""
    licence = w.UNSTATED_LICENCE.to(language) if spec.licence.startswith("none") else spec.licence
    usable, here = choice.where != UNUSABLE, choice.where in _ORIGINS
    return ModelRow(
        key=spec.key,
        label=spec.label,
        where=origin(choice, language),
        here=here,
        usable=usable,
        cells=(
            Cell(columns["size"], parameters(spec.parameters), _shape(spec)),
            *(Cell(columns[key], text) for key, text in figures.items()),
            Cell(columns["licence"], licence or NOTHING, named),
        ),
        notes=spec.notes.to(language),
        keys={
            "name": spec.label,
            "where": str(0 if here else (spec.weights_bytes or 4 * spec.parameters or 1)) if usable else "",
            "size": str(spec.parameters or ""),
            "licence": licence,
            **{key: "" if text == NOTHING else text.replace(",", "") for key, text in figures.items()},
        },
    )


def _shape(spec: ModelSpec) -> str:
    """«Bert 6 × 384»: the class without what is common to all, layers and width; "" where none is known."""
    name = _COMMON.sub("", spec.architecture)
    return " ".join(filter(None, (name, f"{spec.layers} × {spec.width}" if spec.layers else "")))
