"""A result as a Python program that asks this page for it: the query, every passage and the rankers stand in it."""

from __future__ import annotations

from collections.abc import Sequence

from demo.errors import InputError
from demo.messages import Message
from demo.rankers.choices import EngineChoice, FusionChoice, parse_ranker
from demo.records import Passage
from demo.ui.session import Ran

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
    ranked = [row for row in answer["results"] if key in row["ranks"]]
    for row in sorted(ranked, key=lambda row: row["ranks"][key])[:10]:
        print(row["ranks"][key], row["scores"][key], row["doc_id"], row["text"][:60], sep="\\t")
'''


def python_program(ran: Ran, rankers: Sequence[str]) -> str:
    """The program for these rankers, as `rankers.choices` writes them, over the whole collection.

    Raises:
        InputError: the passages are too many to stand in a program, or an engine gave scores.
    """
    if any(isinstance(member, EngineChoice) for ranker in rankers for member in _members(ranker)):
        raise InputError(
            Message(
                "A program cannot ask for an engine's scores again. Choose BM25 as the first stage, or save the JSON."
            )
        )
    passages = ran.collection.passages
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
        query=repr(ran.query.text),
        passages="\n".join(f"    {_row(passage)!r}," for passage in passages),
        rankers=repr(list(rankers)),
    )


def _members(ranker: str) -> Sequence[object]:
    choice = parse_ranker(ranker)
    return choice.members if isinstance(choice, FusionChoice) else (choice,)


def _row(passage: Passage) -> dict[str, str]:
    row = {"id": passage.doc_id, "title": passage.title, "text": passage.text}
    return {name: value for name, value in row.items() if value}
