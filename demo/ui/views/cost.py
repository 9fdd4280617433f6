"""What the ranking took: first stage, tokenising, model and loading, each by itself."""

from __future__ import annotations

from demo.messages import Language, Message
from demo.phrases import price, rate, seconds
from demo.records import Cost
from demo.results.change import Pair
from demo.ui import wording as w
from demo.ui.views.render import render


def cost(pair: Pair, language: Language) -> str:
    """A small table of times, with device and precision."""
    first, model = pair.before.cost, pair.after.cost
    return render(
        "cost.html",
        language,
        facts=[(w.TOOK_FIRST, seconds(first.seconds)), *_model_facts(model, language)],
        kept=w.TOOK_KEPT.format(kept=model.kept_pairs, pairs=model.pairs).to(language) if model.kept_pairs else "",
    )


def _model_facts(model: Cost, language: Language) -> list[tuple[Message, str]]:
    pace = "–" if model.pace is None else rate(model.pace.pairs_per_second)
    if model.earlier is not None:
        pace = w.TOOK_EARLIER.format(pace=pace, pairs=model.earlier.pairs).to(language)
    if model.kept_pairs == model.pairs:
        facts = [(w.TOOK_MODEL, w.TOOK_NOTHING.to(language))]
        return facts if model.pace is None else [*facts, (w.TOOK_RATE, pace)]
    return [
        (w.TOOK_TOKENISE, seconds(model.tokenise_seconds)),
        (w.TOOK_MODEL, seconds(model.model_seconds)),
        (w.TOOK_RATE, pace),
        (w.TOOK_LOAD, seconds(model.load_seconds) if model.load_seconds else w.TOOK_NOT_LOADED.to(language)),
        (w.TOOK_DEVICE, " · ".join(filter(None, (model.device, model.precision)))),
        *([(w.TOOK_PRICE, price(model.usd).to(language))] if model.usd else []),
    ]
