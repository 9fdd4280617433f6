"""Rankers that a person can ask for: frozen descriptions, each with one way to write it down.

    bm25                              BM25 with its defaults
    bm25[variant=okapi;k1=1.2]        a variant with parameters; stemmer=german, stop_words=no for its analysis
    engine                            the scores that the passages came with
    bundled/tiny                      a cross-encoder: a catalog key or alias, a hub id, a folder
    bundled/tiny[precision=bf16;max_tokens=128;windows]
    rrf(bm25+bundled/tiny)[k=60]      reciprocal rank fusion
    min-max(bm25+bundled/tiny)[weights=1/2]   weighted sum of scores; z(…) likewise

Several are separated by commas or line breaks. `str()` of a choice gives it back in this form, defaults left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from demo.errors import InputError
from demo.messages import Message, listed
from demo.rankers.bm25 import Bm25Settings
from demo.text import Analysis

RRF_K = 60.0
"""The constant of reciprocal rank fusion as its authors set it."""

FUSION_METHODS = ("rrf", "min-max", "z")
BM25_NUMBERS = ("k1", "b", "delta", "epsilon")

_WORDS_FOR = {"yes": True, "1": True, "true": True, "": True, "no": False, "0": False, "false": False}


@dataclass(frozen=True, slots=True)
class Bm25Choice:
    """BM25 with these settings."""

    settings: Bm25Settings = field(default_factory=Bm25Settings)

    def __str__(self) -> str:
        plain = Bm25Settings(variant=self.settings.variant)
        analysis, usual = self.settings.analysis, Analysis()
        options = {
            "variant": self.settings.variant if self.settings.variant != Bm25Settings().variant else None,
            **{name: f"{value:g}" for name, value in self.settings.numbers.items() if value != plain.numbers[name]},
            "stop_words": None if analysis.stop_words == usual.stop_words else "no",
            "stemmer": None if analysis.stemmer == usual.stemmer else analysis.stemmer or "none",
        }
        return f"bm25{_written(options)}"


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The scores that the passages came with."""

    def __str__(self) -> str:
        return "engine"


@dataclass(frozen=True, slots=True)
class CrossEncoderChoice:
    """A cross-encoder and how to use it.

    Attributes:
        model: key, alias, hub id or folder; empty takes the default.
        precision: "fp32", "bf16" or "fp16"; empty takes the setting.
        windows: whether long passages are scored in overlapping windows, best window counting.
        max_tokens: longest pair to read; 0 takes the model's own maximum.
    """

    model: str = ""
    precision: str = ""
    windows: bool = False
    max_tokens: int = 0

    def __str__(self) -> str:
        options = {
            "precision": self.precision or None,
            "max_tokens": str(self.max_tokens) if self.max_tokens else None,
            "windows": "" if self.windows else None,
        }
        return f"{self.model}{_written(options)}"


@dataclass(frozen=True, slots=True)
class FusionChoice:
    """One ranking made of others.

    Attributes:
        method: one of FUSION_METHODS.
        members: at least two rankers, none of them a fusion.
        weights: one for each member, not negative and not all 0; empty: all 1.
        k: of reciprocal rank fusion only.
    """

    method: str
    members: tuple[Bm25Choice | EngineChoice | CrossEncoderChoice, ...]
    weights: tuple[float, ...] = ()
    k: float = RRF_K

    def __post_init__(self) -> None:
        if len(self.members) < 2:
            raise InputError(
                Message(
                    "A fusion needs two rankers or more, and {method} was given {members}. Add one.",
                    method=self.method,
                    members=len(self.members),
                )
            )
        if self.weights and len(self.weights) != len(self.members):
            raise InputError(
                Message(
                    "The fusion has {members} rankers and {weights} weights. Give one for each.",
                    members=len(self.members),
                    weights=len(self.weights),
                )
            )
        if self.weights and (min(self.weights) < 0 or not any(self.weights)):
            raise InputError(
                Message(
                    "The weights of a fusion are 0 or more, and one is above 0; found {slashed}.",
                    slashed=_slashed(self.weights),
                )
            )
        if self.k < 0:
            raise InputError(
                Message(
                    "The k of reciprocal rank fusion is {k:g}. Write 0 or more; {rrf_k:g} is usual.",
                    k=self.k,
                    rrf_k=RRF_K,
                )
            )

    def __str__(self) -> str:
        options = {
            "weights": _slashed(self.weights) if self.weights and set(self.weights) != {1.0} else None,
            "k": f"{self.k:g}" if self.method == "rrf" and self.k != RRF_K else None,
        }
        return f"{self.method}({'+'.join(map(str, self.members))}){_written(options)}"


RankerChoice = Bm25Choice | EngineChoice | CrossEncoderChoice | FusionChoice


def _slashed(weights: Iterable[float]) -> str:
    return "/".join(f"{weight:g}" for weight in weights)


def _written(options: Mapping[str, str | None]) -> str:
    """The options that are not None, in brackets; nothing where there are none."""
    parts = [f"{name}={value}" if value else name for name, value in options.items() if value is not None]
    return f"[{';'.join(parts)}]" if parts else ""


# ---- from text ---------------------------------------------------------------------------------------------------


def parse_rankers(text: str) -> tuple[RankerChoice, ...]:
    """The rankers of a list separated by commas or line breaks, each once, in their order.

    Raises:
        InputError: none is named, a bracket stays open, or an option is unknown or has a wrong value.
    """
    found = dict.fromkeys(parse_ranker(part) for part in _split(text, ",\n") if part.strip())
    if not found:
        raise InputError(Message("No ranker is named. Write one or more, such as bm25, bundled/tiny."))
    return tuple(found)


def parse_ranker(text: str) -> RankerChoice:
    """The ranker that the text describes; whether its model exists is for others to find out.

    Raises:
        InputError: see `parse_rankers`.
    """
    head, options = _head_and_options(text.strip())
    fusion = re.fullmatch(r"([\w-]+)\((.*)\)", head, re.DOTALL)
    if fusion and fusion[1] in FUSION_METHODS:
        return _fusion(fusion[1], fusion[2], options)
    if head == "bm25":
        return _bm25(options)
    if head == "engine":
        _no_more(options, "engine", ())
        return EngineChoice()
    return _cross_encoder(head, options)


def _split(text: str, separators: str) -> list[str]:
    """The parts between separators that stand outside all brackets."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth == 0 and character in separators:
            parts.append(text[start:place])
            start = place + 1
    if depth:
        raise InputError(
            Message(
                "The brackets in “{strip}” do not match. Write for example bm25[k1=1.2] or rrf(bm25+bundled/tiny).",
                strip=text.strip(),
            )
        )
    return [*parts, text[start:]]


def _head_and_options(text: str) -> tuple[str, dict[str, str]]:
    """What stands before the last pair of square brackets, and the options in it."""
    match = re.fullmatch(r"(.*?)\[([^\[\]]*)\]", text, re.DOTALL)
    if match is None:
        return text, {}
    pairs = (part.partition("=") for part in match[2].split(";") if part.strip())
    return match[1].strip(), {name.strip(): value.strip() for name, _, value in pairs}


def _bm25(options: dict[str, str]) -> Bm25Choice:
    numbers = {name: _number("bm25", name, options.pop(name)) for name in BM25_NUMBERS if name in options}
    analysis = Analysis()
    if "stop_words" in options:
        analysis = Analysis(stop_words=_yes("bm25", "stop_words", options.pop("stop_words")))
    if "stemmer" in options:
        stemmer = options.pop("stemmer")
        analysis = Analysis(stop_words=analysis.stop_words, stemmer="" if stemmer == "none" else stemmer)
    variant = options.pop("variant", Bm25Settings().variant)
    _no_more(options, "bm25", ("variant", *BM25_NUMBERS, "stop_words", "stemmer"))
    return Bm25Choice(Bm25Settings(variant=variant, analysis=analysis, **numbers))


def _cross_encoder(model: str, options: dict[str, str]) -> CrossEncoderChoice:
    precision = options.pop("precision", "")
    windows = "windows" in options and _yes(model, "windows", options.pop("windows"))
    max_tokens = _number(model, "max_tokens", options.pop("max_tokens", "0"))
    _no_more(options, model, ("precision", "windows", "max_tokens"))
    if max_tokens != int(max_tokens) or max_tokens < 0:
        raise _wrong(model, "max_tokens", f"{max_tokens:g}", Message("a whole number, 0 for the model's own"))
    return CrossEncoderChoice(model, precision, windows, int(max_tokens))


def _fusion(method: str, members: str, options: dict[str, str]) -> FusionChoice:
    parts = tuple(parse_ranker(part) for part in _split(members, "+") if part.strip())
    weights = tuple(_number(method, "weights", part) for part in options.pop("weights", "").split("/") if part)
    k = _number(method, "k", options.pop("k")) if method == "rrf" and "k" in options else RRF_K
    _no_more(options, method, ("weights", "k") if method == "rrf" else ("weights",))
    plain = tuple(part for part in parts if not isinstance(part, FusionChoice))
    if len(plain) < len(parts):
        raise InputError(Message("{method} holds another fusion. Name the rankers themselves.", method=method))
    return FusionChoice(method, plain, weights, k)


def _number(ranker: str, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(ranker, name, text, Message("a number"))
    return value


def _yes(ranker: str, name: str, text: str) -> bool:
    if text.lower() in _WORDS_FOR:
        return _WORDS_FOR[text.lower()]
    raise _wrong(ranker, name, text, Message("yes or no"))


def _wrong(ranker: str, name: str, found: str, wanted: Message) -> InputError:
    return InputError(
        Message(
            "{name} of {ranker} is “{found}”. Write {wanted}.", name=name, ranker=ranker, found=found, wanted=wanted
        )
    )


def _no_more(options: Mapping[str, str], ranker: str, known: tuple[str, ...]) -> None:
    """Refuses options that the ranker does not have."""
    if options:
        name = next(iter(options))
        has = Message("it has {options}", options=listed(known)) if known else Message("it has none")
        raise InputError(
            Message(
                "{ranker} has no option “{name}”; {has}. Leave it out.",
                ranker=ranker or Message("The default model"),
                name=name,
                has=has,
            )
        )
