"""A card for each cross-encoder of a result: what it is, and how its output becomes the score that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.messages import Language, Message
from demo.records import Cost, Failure, ModelUse, Ranking
from demo.ui import wording as w
from demo.ui.views.facts import NOTHING, count, megabytes, number
from demo.ui.views.render import render


@dataclass(frozen=True, slots=True)
class CardFacts:
    """One model; `short` is what the closed card says of its score."""

    label: str
    short: str
    facts: tuple[tuple[Message, str], ...]


def reading_cards(columns: Sequence[Ranking | Failure], language: Language) -> str:
    """The cards of all models in the order of the columns, failed ones too; "" where there is no model."""
    cards = [_card(column, column.ranker.model, language) for column in columns if column.ranker.model is not None]
    return render("cards.html", language, cards=cards) if cards else ""


def _card(column: Ranking | Failure, use: ModelUse, language: Language) -> CardFacts:
    cost = column.cost if isinstance(column, Ranking) else Cost()
    facts = (*_what_it_is(use, language), *_how_it_scores(use, language), *_how_it_was_used(use, cost, language))
    unknown = w.NOT_KNOWN.to(language)
    return CardFacts(
        label=column.ranker.label,
        short=use.spec.reading.value,
        facts=tuple((name, unknown if value in ("", NOTHING) else value) for name, value in facts),
    )


def _what_it_is(use: ModelUse, language: Language) -> list[tuple[Message, str]]:
    spec = use.spec
    size = w.CARD_LAYERS.format(layers=spec.layers, width=spec.width).to(language) if spec.layers else ""
    published = spec.published
    return [
        (w.CARD_ID, " = ".join((spec.key, *spec.aliases))),
        (w.CARD_SHAPE, ", ".join(filter(None, (spec.architecture, size)))),
        (w.CARD_PARAMETERS, count(spec.parameters)),
        (w.CARD_LANGUAGE, spec.language),
        (w.CARD_LICENCE, spec.licence),
        *([(Message("NDCG@10 DL19"), number(published.ndcg_at_10))] if published else []),
        (w.CARD_NOTES, spec.notes.to(language)),
    ]


def _how_it_scores(use: ModelUse, language: Language) -> list[tuple[Message, str]]:
    spec = use.spec
    return [
        (w.CARD_LABELS, str(spec.labels)),
        (w.CARD_SCORE, spec.reading.value),
        (w.CARD_HEAD, w.HEADS[spec.head.name].to(language)),
        (w.CARD_ACTIVATION, w.CARD_ACTIVATION_HERE.format(activation=spec.sbert_activation).to(language)),
    ]


def _how_it_was_used(use: ModelUse, cost: Cost, language: Language) -> list[tuple[Message, str]]:
    spec = use.spec
    length = w.CARD_TOKENS.format(read=use.max_tokens, most=max(spec.limit_tokens, spec.max_tokens))
    case = {True: w.CARD_LOWER, False: w.CARD_CASED}.get(spec.lower_case) if spec.lower_case is not None else None
    tokenizer = [spec.tokenizer or w.CARD_OWN_TOKENIZER.to(language), *([case.to(language)] if case else [])]
    return [
        (w.CARD_PRECISION, use.precision),
        (w.CARD_BACKEND, w.BACKENDS[use.backend].to(language) if use.backend in w.BACKENDS else use.backend),
        (w.CARD_TOKENIZER, ", ".join(tokenizer)),
        (
            w.CARD_LENGTH,
            length.to(language),
        ),
        *([(w.INSTRUCTION, use.instruction)] if use.instruction else []),
        (w.CARD_WINDOWS, (w.CARD_WINDOWED if use.windows else w.CARD_CUT).to(language)),
        (w.CARD_REVISION, use.revision),
        (w.CARD_MEMORY, megabytes(cost.model_bytes)),
        (w.TOOK_DEVICE, " · ".join(filter(None, (cost.device, cost.precision)))),
    ]
