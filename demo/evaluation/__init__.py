"""Does reranking pay? Queries, candidates and rankers in; figures, tests and tables out.

    candidates + rankers ─► protocol ─► outcomes, query by query ─► evaluate ─► Evaluation ─► report
                                                   └ qrels ───────────┘

`protocol` sets up the work and does it, and can be stopped after any query; `figures` turns what is there into one
frozen record; `changes` says how far two rankings part, which needs no qrels; `analysis` answers further questions from
the same scores, so that nothing is scored twice; `report` writes it down.
"""

from demo.evaluation.figures import Evaluation, Figure, PairedTest, Speed, evaluate
from demo.evaluation.outcomes import Outcome

__all__ = ["Evaluation", "Figure", "Outcome", "PairedTest", "Speed", "evaluate"]
