"""What a result says: from rankings of the same candidates to values that charts and tables show.

Everything here is a function from frozen values to frozen values. An order says nothing of quality: that rankers agree
does not make them right.
"""

from demo.results.agreement import agreement_matrix, agreement_with
from demo.results.change import TOP_K, Change, Pair, agree, compare, take_candidates
from demo.results.contested import GROUPS, Contest, ContestedGroup, apart_means, contested, tolerance
from demo.results.depth import DepthLoss, at_depth, missed_by_depth, usual_depths
from demo.results.exchanges import Entrant, Exchange, exchanges
from demo.results.key_figures import KeyFigure, key_figures
from demo.results.members import find_ranking, with_fusion
from demo.results.scores import ScoreFacts, score_facts
from demo.results.speed import SpeedRow, speed_rows
from demo.results.what_if import Shift, WhatIf, what_if
from demo.results.words import change_summary, summary

__all__ = [
    "GROUPS",
    "TOP_K",
    "Change",
    "Contest",
    "ContestedGroup",
    "DepthLoss",
    "Entrant",
    "Exchange",
    "KeyFigure",
    "Pair",
    "ScoreFacts",
    "Shift",
    "SpeedRow",
    "WhatIf",
    "agree",
    "agreement_matrix",
    "agreement_with",
    "apart_means",
    "at_depth",
    "change_summary",
    "compare",
    "contested",
    "exchanges",
    "find_ranking",
    "key_figures",
    "missed_by_depth",
    "score_facts",
    "speed_rows",
    "summary",
    "take_candidates",
    "tolerance",
    "usual_depths",
    "what_if",
    "with_fusion",
]
