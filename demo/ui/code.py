"""A result as a Python program that asks this page for it: the query, every passage and the rankers stand in it."""

from __future__ import annotations

from demo.errors import InputError
from demo.messages import Message
from demo.records import Passage
from demo.ui.session import Shown

ADDRESS = "ADDRESS-OF-THIS-PAGE"
"""Stands where the browser, which alone knows the address, writes it; see `parts.SAVE`."""

MOST_CHARS = 500_000
"""Of all passages together."""

PROGRAM = '''\
"""What Rerank Lens showed, asked for by a program, which needs: pip install gradio_client

All passages are ranked, also where the page took only the first stage's best.
"""

from gradio_client import Client

PAGE = "{address}"
QUERY = {query}
PASSAGES = [
{passages}
]
RANKERS = {rankers}

answer = Client(PAGE, verbose=False).predict(QUERY, PASSAGES, RANKERS, api_name="/compare")
for ranker in answer["rankers"]:
    key = ranker["key"]
    print(ranker["label"], ranker["failure"] or "")
    ranked = [row for row in answer["results"] if row["ranks"].get(key)]
    for row in sorted(ranked, key=lambda row: row["ranks"][key])[:10]:
        print(row["ranks"][key], row["scores"][key], row["doc_id"], row["text"][:60], sep="\\t")
'''


def python_program(shown: Shown) -> str:
    """The program for the rankers that are drawn, over the whole collection.

    Raises:
        InputError: the passages are too many to stand in a program, or scores came along with them.
    """
    if shown.collection.engine_scores and any(ranking.ranker.kind.side == "given" for ranking in shown.rankings):
        raise InputError(
            Message(
                "A program cannot ask for an engine's scores again. Choose BM25 as the first stage, or save the JSON."
            )
        )
    passages = shown.collection.passages
    chars = sum(len(passage.content) for passage in passages)
    if chars > MOST_CHARS:
        raise InputError(
            Message(
                "The passages have {chars:,} characters, and a program holds at most {most_chars:,}. Take fewer "
                "passages, or save the JSON.",
                chars=chars,
                most_chars=MOST_CHARS,
            )
        )
    return PROGRAM.format(
        address=ADDRESS,
        query=repr(shown.query.text),
        passages="\n".join(f"    {_row(passage)!r}," for passage in passages),
        rankers=repr([column.ranker.key for column in shown.drawn.columns]),
    )


def _row(passage: Passage) -> dict[str, str]:
    row = {"id": passage.doc_id, "title": passage.title, "text": passage.text}
    return {name: value for name, value in row.items() if value}
