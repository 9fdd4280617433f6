"""How queries, judgments and runs can be written, one row each; `topics`, `qrels` and `trec_runs` read them.

Passages and sets to rerank have their rows in `registry`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from demo.messages import Message


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a part of a judged collection.

    Attributes:
        example: a file in it, by the name `file`: queries q1 and q2, or judgments or a run of q1 with passage b1.
    """

    part: Literal["queries", "qrels", "run"]
    label: Message
    file: str
    example: str


_Q1, _Q2 = "how many people live in Berlin", "what is Berlin known for"

FORMS = (
    Form(
        "queries",
        Message("JSON lines (BEIR)"),
        "queries.jsonl",
        f'{{"_id": "q1", "text": "{_Q1}"}}\n{{"_id": "q2", "text": "{_Q2}"}}\n',
    ),
    Form(
        "queries",
        Message("JSON: a list of objects or texts, or a map from ids to texts"),
        "queries.json",
        f'{{"q1": "{_Q1}", "q2": "{_Q2}"}}\n',
    ),
    Form("queries", Message("table with a header"), "queries.csv", f"qid,query,kind\nq1,{_Q1},number\nq2,{_Q2},fame\n"),
    Form("queries", Message("id, tab, text (MS MARCO)"), "queries.tsv", f"q1\t{_Q1}\nq2\t{_Q2}\n"),
    Form("queries", Message("id, colon, text"), "queries.txt", f"q1:{_Q1}\nq2:{_Q2}\n"),
    Form(
        "queries",
        Message("XML with an element for each query (TREC)"),
        "topics.xml",
        f'<topics>\n<topic number="q1"><query>{_Q1}</query><narrative>Figures.</narrative></topic>\n'
        f'<topic number="q2"><query>{_Q2}</query></topic>\n</topics>\n',
    ),
    Form(
        "queries",
        Message("topics in SGML (TREC)"),
        "topics.txt",
        f"<top>\n<num> Number: q1\n<title> {_Q1}\n</top>\n<top>\n<num> Number: q2\n<title> {_Q2}\n</top>\n",
    ),
    Form("qrels", Message("four columns (TREC)"), "qrels.txt", "q1 0 b1 3\n"),
    Form("qrels", Message("three columns (BEIR)"), "qrels.tsv", "query-id\tcorpus-id\tscore\nq1\tb1\t3\n"),
    Form(
        "qrels",
        Message("table with a header, in any order, queries by id or text (Quepid)"),
        "judgments.csv",
        "rating,docid,query\n3,b1,q1\n",
    ),
    Form("qrels", Message("JSON map (pytrec_eval, ranx)"), "qrels.json", '{"q1": {"b1": 3}}\n'),
    Form("qrels", Message("JSON map to the relevant passages (LlamaIndex)"), "qrels.json", '{"q1": ["b1"]}\n'),
    Form(
        "qrels",
        Message("JSON lines or a list of objects"),
        "qrels.jsonl",
        '{"query-id": "q1", "corpus-id": "b1", "score": 3}\n',
    ),
    Form(
        "qrels",
        Message("JSON with ratings for each query (OpenSearch, Elasticsearch)"),
        "judgments.json",
        '{"judgmentRatings": [{"query": "q1", "ratings": [{"docId": "b1", "rating": "3.0"}]}]}\n',
    ),
    Form("run", Message("six columns (TREC)"), "run.txt", "q1 Q0 b1 1 9.1 bm25\n"),
    Form("run", Message("three columns (MS MARCO), or four with a score"), "run.tsv", "q1\tb1\t1\t9.1\n"),
    Form("run", Message("table with a header"), "run.csv", "query_id,doc_id,rank,score\nq1,b1,1,9.1\n"),
    Form("run", Message("JSON map (ranx, pytrec_eval)"), "run.json", '{"q1": {"b1": 9.1}}\n'),
    Form(
        "run", Message("JSON map to passages, best first, perhaps with scores"), "run.json", '{"q1": [["b1", 9.1]]}\n'
    ),
    Form(
        "run",
        Message("JSON lines with a query's results each (RankLLM)"),
        "run.jsonl",
        '{"query": {"qid": "q1", "text": "how"}, "candidates": [{"docid": "b1", "score": 9.1}]}\n',
    ),
)
