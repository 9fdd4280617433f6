"""What a link opens, as the part of its address behind “?”: a form and rankers (see `rankers.text_form`).

Only what differs from the start is written, but for query and passages. Passages that were pasted or uploaded stand in
the link themselves, so it needs no memory of the server and works as long as the page does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from demo import formats
from demo.budgets import scorers
from demo.errors import DemoError, InputError
from demo.formats import Fields
from demo.messages import listed
from demo.phrases import shown
from demo.rankers.bm25 import Bm25
from demo.rankers.bm25_index import Bm25Settings
from demo.rankers.protocol import Downloads, Ranker
from demo.records import Collection
from demo.ui.inputs.fields import Choices, with_choice
from demo.ui.inputs.handlers import COLLECTION, PARAMETERS, PASTE, UPLOAD, InputsForm, InputsPane

MOST_CHARS = 6_000
"""Longest link; servers and messengers cut longer ones."""

QUERY, KEY, PASSAGES, READING, FIELDS = "query", "collection", "passages", "reading", "fields"
FIRST, DEPTH, MODEL, RANKERS = "first_stage", "depth", "model", "rankers"
"""The names in the address."""

OPENING = frozenset({QUERY, KEY, PASSAGES, MODEL, RANKERS})
"""An address with any of these names asks for something; other names, of other sites or of Gradio, do not."""

MOST_DIGITS = 9

EVALUATE = "evaluate"
"""With this name the link is one of `ui.evaluate.links`."""


@dataclass(frozen=True, slots=True)
class Link:
    """What is opened.

    Attributes:
        reranker: for the Rerank tab; None takes the default model.
        rankers: for the Compare tab, which is opened if there are any.
    """

    form: InputsForm
    reranker: Ranker | None = None
    rankers: tuple[Ranker, ...] = ()


def written(link: Link, pane: InputsPane, most_chars: int | None = MOST_CHARS) -> str:
    """The link behind “?”.

    Args:
        most_chars: longest that is of use; None: any length is.

    Raises:
        InputError: the first stage is scores that came along, nothing was uploaded yet, a number of BM25 is missing, or
            the link would be too long to work.
    """
    form, first = link.form, pane.first_stage(link.form)
    if any(each.spec.came_along for each in scorers([first])):
        raise InputError("An engine's scores do not fit into a link. Choose BM25 as the first stage.")
    values = {
        QUERY: form.query,
        KEY: form.collection if form.source == COLLECTION else "",
        PASSAGES: _passages(form, pane),
        READING: form.reading if form.source == PASTE else "",
        FIELDS: _fields(form, pane),
        FIRST: "" if first == pane.service.default_first_stage() else str(first),
        DEPTH: f"{form.depth:g}" if form.depth else "",
        MODEL: str(link.reranker) if link.reranker else "",
        RANKERS: ",".join(map(str, link.rankers)),
    }
    text = urlencode({name: value for name, value in values.items() if value})
    if most_chars is not None and len(text) > most_chars:
        raise InputError(
            "The link would have {text:,} characters, and beyond {most_chars:,} links do not work everywhere. "
            "Take fewer or shorter passages, or save the result as JSON and send that.",
            text=len(text),
            most_chars=most_chars,
        )
    return text


def _passages(form: InputsForm, pane: InputsPane) -> str:
    if form.source == PASTE:
        return form.pasted
    return _lines(pane.collection(form)) if form.source == UPLOAD else ""


def _fields(form: InputsForm, pane: InputsPane) -> str:
    """The fields that were chosen for the pasted text, as JSON; uploaded passages are written as they were read."""
    if form.source != PASTE:
        return ""
    chosen = asdict(pane.read_pasted(form.pasted, form.reading, form.choices).fields)
    named = {role: name for role, name in chosen.items() if name}
    return json.dumps(named, ensure_ascii=False, separators=(",", ":")) if named else ""


def _choices(text: str, form: InputsForm, pane: InputsPane) -> Choices:
    """The choice that a link makes for its own passages.

    Raises:
        InputError: it is not what `_fields` writes.
    """
    if not text:
        return form.choices
    roles = [row.name for row in fields(Fields)]
    try:
        named = json.loads(text)
    except (ValueError, RecursionError):
        named = None
    if not isinstance(named, dict) or any(r not in roles or not isinstance(name, str) for r, name in named.items()):
        raise InputError(
            "The link says {name} is “{text}”. Write JSON such as {example}, or leave it out. It may have {roles}.",
            name=FIELDS,
            text=shown(text),
            example='{"text":"body"}',
            roles=listed(roles),
        )
    return with_choice(form.choices, pane.read_pasted(form.pasted, form.reading, form.choices), named)


def _lines(collection: Collection) -> str:
    """The passages as JSONL, which is read back as it was."""
    rows = ({"id": each.doc_id, "title": each.title, "text": each.text} for each in collection.passages)
    return "\n".join(json.dumps({k: v for k, v in row.items() if v}, ensure_ascii=False) for row in rows)


def read(values: Mapping[str, str], pane: InputsPane) -> Link | None:
    """What the address asks for; None where it asks for nothing, or for an evaluation.

    Raises:
        InputError: it names a collection, ranker or number that there is not.
    """
    if EVALUATE in values or not OPENING & set(values):
        return None
    form = pane.default_form()
    if PASSAGES in values:
        form = replace(form, source=PASTE, pasted=values[PASSAGES], reading=values.get(READING, ""), query="")
    elif KEY in values:
        query = pane.service.first_query(pane.service.collection(values[KEY]).key)
        form = replace(form, collection=values[KEY], query=query.text)
    form = replace(form, query=values.get(QUERY, form.query), **_first_stage(values.get(FIRST, ""), pane))
    form = replace(form, depth=whole_number(DEPTH, values.get(DEPTH, "0")))
    if form.reading and form.reading not in {row.key for row in formats.PASTED_FORMATS}:
        raise InputError(
            "The link asks for the reading “{reading}”, which there is not. Leave it out.", reading=shown(form.reading)
        )
    if form.source == PASTE:
        form = replace(form, choices=_choices(values.get(FIELDS, ""), form, pane))
    model = pane.service.rankers.read(values[MODEL]) if values.get(MODEL) else None
    if model and model.spec.ranks_collection:
        raise InputError(
            "The link names {model} as the reranker, which it is not. Name a model, such as bundled/tiny.",
            model=shown(str(model)),
        )
    rankers = pane.service.rankers.read_all(values[RANKERS]) if values.get(RANKERS) else ()
    return Link(form, model, rankers)


def whole_number(name: str, text: str) -> int:
    """The number of this name in a link.

    Raises:
        InputError: it is no whole number, or has more digits than any that means something.
    """
    if text.isdecimal() and len(text) <= MOST_DIGITS:
        return int(text)
    raise InputError(
        "The link says {name} is “{text}”. Write a whole number of at most {most} digits.",
        name=name,
        text=shown(text),
        most=MOST_DIGITS,
    )


def read_if_right(values: Mapping[str, str], pane: InputsPane) -> Link | None:
    """The same, and None as well for what cannot be opened; the tab that it opens tells why."""
    try:
        return read(values, pane)
    except DemoError:
        return None


def _first_stage(text: str, pane: InputsPane) -> dict[str, Any]:
    """The fields of a form that speak of the first stage, but for the depth."""
    ranker = pane.service.rankers.read(text) if text else pane.service.default_first_stage()
    if not ranker.spec.ranks_collection:
        raise InputError(
            "The link names {ranker} as the first stage, which it cannot be. Name bm25, with options if need be: "
            "bm25[k1=1.2].",
            ranker=shown(str(ranker)),
        )
    if not isinstance(ranker, Bm25):
        return {"first_stage": str(ranker)}
    settings = ranker.settings
    return {
        "first_stage": str(replace(ranker, settings=Bm25Settings())),
        "variant": settings.variant,
        **{name: getattr(settings, name) for name in PARAMETERS},
        "stop_words": settings.analysis.stop_words,
        "stemmer": settings.analysis.stemmer,
    }


def needs_download(link: Link, pane: InputsPane) -> list[str]:
    """Models of the link whose weights are not on this machine: following a link downloads nothing by itself.

    Raises:
        DemoError: the form names no first stage that can be used.
    """
    return not_here((pane.first_stage(link.form), *([link.reranker] if link.reranker else []), *link.rankers))


def not_here(named: Sequence[Ranker]) -> list[str]:
    """Models of the rankers whose weights are not on this machine, each once."""
    models = (ranker.not_here() for ranker in scorers(named) if isinstance(ranker, Downloads))
    return list(dict.fromkeys(filter(None, models)))
