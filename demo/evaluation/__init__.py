"""Does reranking pay? Queries, candidates and rankers in; figures, tests and tables out.

    candidates + rerankers ─► work ─► outcomes, query by query ─► evaluate ─► Evaluation ─► report
                                                    └ qrels ───────────┘

`outcomes` does the work and can be stopped after any query; `figures` turns what is there into one frozen record;
`changes` says how far two rankings part, which needs no qrels; `analysis` answers further questions from the same
scores, so that nothing is scored twice; `report` writes it down.
"""

from demo.evaluation.figures import Evaluation, Figure, PairedTest, Speed, evaluate
from demo.evaluation.outcomes import Outcome, Reranker, work

__all__ = ["Evaluation", "Figure", "Outcome", "PairedTest", "Reranker", "Speed", "evaluate", "work"]
