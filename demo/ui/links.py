"""What a link opens, as the part of its address behind “?”: a form and rankers, in the words of `rankers.choices`.

Only what differs from the start is written, but for query and passages. Passages that were pasted or uploaded stand in
the link themselves, so it needs no memory of the server and works as long as the page does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from demo.errors import DemoError, InputError
from demo.messages import Message
from demo.rankers.choices import (
    Bm25Choice,
    CrossEncoderChoice,
    FusionChoice,
    RankerChoice,
    parse_ranker,
    parse_rankers,
)
from demo.records import Collection
from demo.service import RankingService
from demo.ui.inputs.handlers import COLLECTION, PARAMETERS, PASTE, UPLOAD, Form, InputsPane

MOST_CHARS = 6_000
"""Longest link; servers and messengers cut longer ones."""

QUERY, KEY, PASSAGES, READING = "query", "collection", "passages", "reading"
FIRST, DEPTH, MODEL, RANKERS = "first_stage", "depth", "model", "rankers"
"""The names in the address."""

EVALUATE = "evaluate"
"""With this name the link is one of `ui.evaluate.links`."""


@dataclass(frozen=True, slots=True)
class Link:
    """What is opened.

    Attributes:
        reranker: for the Rerank tab; without a model it is the default one.
        rankers: for the Compare tab, which is opened if there are any.
    """

    form: Form
    reranker: CrossEncoderChoice = field(default_factory=CrossEncoderChoice)
    rankers: tuple[str, ...] = ()


def written(link: Link, pane: InputsPane) -> str:
    """The link behind “?”.

    Raises:
        InputError: the first stage is an engine's, nothing was uploaded yet, a number of BM25 is missing, or the link
            would be too long to work.
    """
    form, first = link.form, str(Bm25Choice(pane.bm25(link.form)))
    if form.first_stage != "bm25":
        raise InputError(Message("An engine's scores do not fit into a link. Choose BM25 as the first stage."))
    values = {
        QUERY: form.query,
        KEY: form.collection if form.source == COLLECTION else "",
        PASSAGES: _passages(form, pane),
        READING: form.reading if form.source == PASTE else "",
        FIRST: "" if first == str(Bm25Choice()) else first,
        DEPTH: f"{form.depth:g}" if form.depth else "",
        MODEL: str(link.reranker),
        RANKERS: ",".join(link.rankers),
    }
    text = urlencode({name: value for name, value in values.items() if value})
    if len(text) > MOST_CHARS:
        raise InputError(
            Message(
                "The link would have {text:,} characters, and beyond {most_chars:,} links do not work everywhere. "
                "Take fewer or shorter passages, or save the result as JSON and send that.",
                text=len(text),
                most_chars=MOST_CHARS,
            )
        )
    return text


def _passages(form: Form, pane: InputsPane) -> str:
    if form.source == PASTE:
        return form.pasted
    return _lines(pane.collection(form)) if form.source == UPLOAD else ""


def _lines(collection: Collection) -> str:
    """The passages as JSONL, which is read back as it was."""
    rows = ({"id": each.doc_id, "title": each.title, "text": each.text} for each in collection.passages)
    return "\n".join(json.dumps({k: v for k, v in row.items() if v}, ensure_ascii=False) for row in rows)


def read(values: Mapping[str, str], pane: InputsPane) -> Link | None:
    """What the address asks for; None where it asks for nothing, or for an evaluation.

    Raises:
        InputError: it names a collection, ranker or number that there is not.
    """
    if EVALUATE in values or not {QUERY, KEY, PASSAGES, MODEL, RANKERS} & set(values):
        return None
    form = pane.default_form()
    if PASSAGES in values:
        form = replace(form, source=PASTE, pasted=values[PASSAGES], reading=values.get(READING, ""), query="")
    elif KEY in values:
        query = pane.service.first_query(pane.service.collection(values[KEY]).key)
        form = replace(form, collection=values[KEY], query=query.text)
    depth = values.get(DEPTH, "0")
    if not depth.isdecimal():
        raise InputError(
            Message(
                "The link asks for the depth “{depth}”. Write a whole number, 0 for as many as allowed.", depth=depth
            )
        )
    form = replace(form, query=values.get(QUERY, form.query), depth=int(depth), **_first_stage(values.get(FIRST, "")))
    model = parse_ranker(values.get(MODEL, ""))
    if not isinstance(model, CrossEncoderChoice):
        raise InputError(
            Message(
                "The link names {model} as the cross-encoder, which it is not. Name a model, such as bundled/tiny.",
                model=model,
            )
        )
    rankers = parse_rankers(values[RANKERS]) if RANKERS in values else ()
    return Link(form, model, tuple(map(str, rankers)))


def read_if_right(values: Mapping[str, str], pane: InputsPane) -> Link | None:
    """The same, and None as well for what cannot be opened; where the page opens, the sentence is told once."""
    try:
        return read(values, pane)
    except DemoError:
        return None


def _first_stage(text: str) -> dict[str, Any]:
    """The fields of a form that speak of the first stage, but for the depth."""
    choice = parse_ranker(text or str(Bm25Choice()))
    if not isinstance(choice, Bm25Choice):
        raise InputError(
            Message(
                "The link names {choice} as the first stage. Name bm25, with options if need be: bm25[k1=1.2].",
                choice=choice,
            )
        )
    settings = choice.settings
    numbers = {name: getattr(settings, name) for name in PARAMETERS}
    analysis = settings.analysis
    return {
        "variant": settings.variant,
        **numbers,
        "stop_words": analysis.stop_words,
        "stemmer": analysis.stemmer,
    }


def needs_download(link: Link, pane: InputsPane) -> list[str]:
    """Models of the link whose weights are not on this machine: following a link downloads nothing by itself."""
    return not_here((link.reranker, *map(parse_ranker, link.rankers)), pane.service)


def not_here(named: Sequence[RankerChoice], service: RankingService) -> list[str]:
    """Models of the rankers whose weights are not on this machine."""
    specs = [row.spec for row in service.models() if row.where != "download"]
    here = {name for spec in specs for name in (spec.key, *spec.aliases)}
    members = [m for choice in named for m in (choice.members if isinstance(choice, FusionChoice) else (choice,))]
    models = [choice.model for choice in members if isinstance(choice, CrossEncoderChoice) and choice.model]
    return [model for model in dict.fromkeys(models) if model not in here]
