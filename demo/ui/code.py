"""A result as a program that makes it again: query, passages and rankers stand in it. One row a language.

Most ask this page for it; one does without, and loads the cross-encoders itself.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from demo.budgets import scorers
from demo.errors import InputError
from demo.formats.trec_runs import run_word
from demo.judgments import query_key
from demo.messages import Message
from demo.records import Head, ModelUse, Passage
from demo.ui.session import ShownResult

ADDRESS = "ADDRESS-OF-THIS-PAGE"
"""Stands where the browser, which alone knows the address, writes it; see `parts.SAVE`."""

MOST_CHARS = 500_000
"""Of all passages together."""


@dataclass(frozen=True, slots=True)
class Program:
    """A language in which a result can be asked for.

    Attributes:
        key: its name in the code; ending: of a file.
        label: for the person.
        write: the program. Raises InputError where what is shown cannot be said in it.
    """

    key: str
    label: Message
    ending: str
    write: Callable[[ShownResult], str]


def _filled(template: str, **values: str) -> str:
    """The template with each @name@ replaced, once: values may hold anything."""
    return re.sub(r"@([a-z_]+)@", lambda match: values[match[1]], template)


# ---- Python, which asks this page ----------------------------------------------------------------------------------

PYTHON = '''\
"""What Rerank Lens showed, asked for by a program, which needs: pip install gradio_client"""

from gradio_client import Client

PAGE = "@address@"
QUERY = @query@
PASSAGES = [
@passages@
]
RANKERS = @rankers@

answer = Client(PAGE, verbose=False).predict(
    query=QUERY, passages=PASSAGES, rankers=RANKERS, first_stage=@first_stage@, depth=@depth@, api_name="/compare"
)
for ranker in answer["rankers"]:
    key = ranker["key"]
    print(ranker["label"], ranker["failure"] or "")
    ranked = [row for row in answer["results"] if row["ranks"].get(key)]
    for row in sorted(ranked, key=lambda row: row["ranks"][key])[:10]:
        print(row["ranks"][key], row["scores"][key], row["doc_id"], " ".join(row["text"].split())[:60], sep="\\t")
'''


def python_program(shown: ShownResult) -> str:
    """The program for the rankers that are drawn, over the whole collection.

    Raises:
        InputError: the passages are too many to stand in a program, or scores came along with them.
    """
    return _asking(shown, PYTHON, repr, "    ")


# ---- Python, without this page -------------------------------------------------------------------------------------

TRANSFORMERS = '''\
"""The cross-encoders' scores without Rerank Lens, which needs: pip install sentence-transformers@bundled@"""

import numpy as np
import torch
from sentence_transformers import CrossEncoder

QUERY = @query@
PASSAGES = {
@passages@
}
MODELS = {
@models@
}

for label, (name, max_tokens, precision, instruction) in MODELS.items():
    model = CrossEncoder(name, max_length=max_tokens, model_kwargs={"dtype": precision})
    pairs = [(QUERY, text) for text in PASSAGES.values()]
    scores = model.predict(pairs, prompt=instruction, activation_fn=torch.nn.Identity(), show_progress_bar=False)
    if scores.ndim == 2:  # two labels: the logit of relevant less that of not relevant
        scores = scores[:, 1] - scores[:, 0]
    print(label)
    for place in np.argsort(-scores, kind="stable"):
        print(float(scores[place]), list(PASSAGES)[place], sep="\\t")
'''
_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


def transformers_program(shown: ShownResult) -> str:
    """The program for the columns that are cross-encoders, over the candidates.

    Raises:
        InputError: there are none, or those there are need more than sentence-transformers does by itself.
    """
    _check_size(shown.candidates)
    models = dict(_loadable(shown))
    if not models:
        raise InputError(
            "No column is a cross-encoder that sentence-transformers loads and runs in the same way. Choose one "
            "without windows, or the Python program that asks this page."
        )
    bundled = any(use.spec.key.startswith("bundled/") for use in models.values())
    return _filled(
        TRANSFORMERS,
        bundled="\n\nRun it in the folder of Rerank Lens, where the bundled models are." if bundled else "",
        query=repr(shown.query.text),
        passages="\n".join(f"    {each.doc_id!r}: {each.content!r}," for each in shown.candidates),
        models="\n".join(f"    {label!r}: {_loading(use)!r}," for label, use in models.items()),
    )


def _loadable(shown: ShownResult) -> Iterator[tuple[str, ModelUse]]:
    """Label and use of each cross-encoder that is drawn and whose score is no more than a forward pass."""
    for ranking in shown.rankings:
        use = ranking.ranker.model
        if use and not use.windows and use.spec.head is Head.CHECKPOINT and use.spec.tokenizer is None:
            yield ranking.ranker.label, use


def _loading(use: ModelUse) -> tuple[str, int, str, str | None]:
    """What the program needs of it; without an instruction the model takes its own."""
    name = f"demo/{use.spec.key}" if use.spec.key.startswith("bundled/") else use.spec.key
    return name, use.max_tokens, _DTYPES[use.precision], use.instruction or None


# ---- JavaScript ----------------------------------------------------------------------------------------------------

JAVASCRIPT = """\
// What Rerank Lens showed, asked for by a program: node program.mjs, or in a browser's console on the page itself.

const PAGE = "@address@".replace(/\\/$/, "");
const QUERY = @query@;
const PASSAGES = [
@passages@
];
const RANKERS = @rankers@;

const headers = {"Content-Type": "application/json"};
const values = {query: QUERY, passages: PASSAGES, rankers: RANKERS, first_stage: @first_stage@, depth: @depth@};
const body = JSON.stringify(values);
const asked = await fetch(`${PAGE}/gradio_api/call/v2/compare`, {method: "POST", headers, body});
const {event_id} = await asked.json();
const told = await (await fetch(`${PAGE}/gradio_api/call/compare/${event_id}`)).text();
const [, outcome, data] = told.match(/event: (complete|error)\\ndata: (.*)/);
if (outcome === "error") throw new Error(data);
const [answer] = JSON.parse(data);

for (const {key, label, failure} of answer.rankers) {
  console.log(label, failure ?? "");
  const ranked = answer.results.filter((row) => row.ranks[key]).sort((a, b) => a.ranks[key] - b.ranks[key]);
  for (const row of ranked.slice(0, 10)) {
    console.log([row.ranks[key], row.scores[key], row.doc_id, row.text.replace(/\\s+/g, " ").slice(0, 60)].join("\\t"));
  }
}
"""


def javascript_program(shown: ShownResult) -> str:
    """As `python_program`."""
    return _asking(shown, JAVASCRIPT, _json, "  ")


# ---- curl ----------------------------------------------------------------------------------------------------------

CURL = """\
#!/bin/sh
# What Rerank Lens showed, asked for with curl; the last line of the answer is the result as JSON.

PAGE="@address@"
ASKED=$(curl -sS "${PAGE%/}/gradio_api/call/v2/compare" -H "Content-Type: application/json" -d @- <<'END-OF-REQUEST'
@request@
END-OF-REQUEST
)
EVENT=$(printf %s "$ASKED" | sed 's/.*"event_id" *: *"\\([^"]*\\)".*/\\1/')
curl -sSN "${PAGE%/}/gradio_api/call/compare/$EVENT"
"""


def curl_program(shown: ShownResult) -> str:
    """As `python_program`; the answer is printed as it comes."""
    return _filled(CURL, address=ADDRESS, request=_json(_asked(shown)))


# ---- command line --------------------------------------------------------------------------------------------------

COMMAND = """\
#!/bin/sh
# What Rerank Lens showed, made again in its own folder; out/ then has a run file with the scores of each ranker.

mkdir -p collection
cat > collection/queries.jsonl <<'END-OF-QUERIES'
@query@
END-OF-QUERIES
cat > collection/corpus.jsonl <<'END-OF-PASSAGES'
@passages@
END-OF-PASSAGES
python -m demo.evaluate --collection collection --rankers @rankers@ \\
  --candidates @first_stage@ --depth @depth@ --out out
"""


def command_program(shown: ShownResult) -> str:
    """Commands that write the collection down and rank it, as `python_program`.

    Raises:
        InputError: an id cannot stand in a run file, too.
    """
    _check(shown)
    for passage in shown.candidates:
        run_word(passage.doc_id)
    passages = ({**_row(passage), "_id": passage.doc_id} for passage in shown.collection.passages)
    return _filled(
        COMMAND,
        query=_json({"_id": query_key(shown.query), "text": shown.query.text}),
        passages="\n".join(_json({name: row[name] for name in row if name != "id"}) for row in passages),
        rankers=shlex.quote(",".join(_keys(shown))),
        first_stage=shlex.quote(str(shown.request.first)),
        depth=str(shown.result.size),
    )


PROGRAMS = (
    Program("python", Message("Python"), "py", python_program),
    Program("sentence-transformers", Message("Python without this page"), "py", transformers_program),
    Program("javascript", Message("JavaScript"), "mjs", javascript_program),
    Program("curl", Message("curl"), "sh", curl_program),
    Program("command", Message("Command line"), "sh", command_program),
)
"""In the order to show them."""


# ---- what they have in common --------------------------------------------------------------------------------------


def _asking(shown: ShownResult, template: str, write: Callable[[Any], str], indent: str) -> str:
    """The template with what this page is asked, each value as `write` has it, each passage on a line of its own."""
    asked = _asked(shown)
    passages = "\n".join(f"{indent}{write(row)}," for row in asked.pop("passages"))
    return _filled(template, address=ADDRESS, passages=passages, **{name: write(asked[name]) for name in asked})


def _asked(shown: ShownResult) -> dict[str, Any]:
    """What this page is asked, by the names of the endpoint's parameters; depth 0 is as many as allowed."""
    _check(shown)
    return {
        "query": shown.query.text,
        "passages": [_row(passage) for passage in shown.collection.passages],
        "rankers": _keys(shown),
        "first_stage": str(shown.request.first),
        "depth": shown.request.depth or 0,
    }


def _check(shown: ShownResult) -> None:
    if shown.request.beside:
        raise InputError("A program cannot ask for a run file again. Leave the runs out, or save the JSON.")
    asked = any(each.spec.came_along for each in scorers((shown.request.first, *shown.rankers)))
    drawn = any(ranking.ranker.came_along for ranking in shown.rankings)
    if shown.collection.engine_scores and (asked or drawn):
        raise InputError(
            "A program cannot ask for an engine's scores again. Choose BM25 as the first stage, or save the JSON."
        )
    if any(np.isnan(ranking.scores).any() for ranking in shown.rankings):
        raise InputError(
            "The slider shows a smaller depth than a program would ask for. Move it to its end, or write that depth as "
            "“Passages to rerank” and compare again."
        )
    _check_size(shown.collection.passages)


def _check_size(passages: Sequence[Passage]) -> None:
    chars = sum(len(passage.content) for passage in passages)
    if chars > MOST_CHARS:
        raise InputError(
            "The passages have {chars:,} characters, and a program holds at most {most_chars:,}. Take fewer "
            "passages, or save the JSON.",
            chars=chars,
            most_chars=MOST_CHARS,
        )


def _keys(shown: ShownResult) -> list[str]:
    return [column.ranker.key for column in shown.drawn.columns]


def _row(passage: Passage) -> dict[str, str]:
    row = {"id": passage.doc_id, "title": passage.title, "text": passage.text}
    return {name: value for name, value in row.items() if value}


def _json(value: object) -> str:
    """As JSON in ASCII, which is JavaScript as well, and has no line break."""
    return json.dumps(value)
