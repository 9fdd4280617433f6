"""What several rankings of the same candidates say together: from a Lineup to values that charts and tables show.

Everything here is a function from frozen values to frozen values. An order says nothing of quality: that rankers agree
does not make them right.
"""

from demo.lineups.agreement import agreement_matrix, agreement_with
from demo.lineups.contested import GROUPS, Contest, Group, apart_means, contested, tolerance
from demo.lineups.depth import DepthLoss, at_depth, missed_by_depth, usual_depths
from demo.lineups.members import find_ranking, with_fusion
from demo.lineups.scores import ScoreFacts, score_facts
from demo.lineups.speed import SpeedRow, speed_rows
from demo.lineups.what_if import Shift, WhatIf, what_if
from demo.lineups.words import summary

__all__ = [
    "GROUPS",
    "Contest",
    "DepthLoss",
    "Group",
    "ScoreFacts",
    "Shift",
    "SpeedRow",
    "WhatIf",
    "agreement_matrix",
    "agreement_with",
    "apart_means",
    "at_depth",
    "contested",
    "find_ranking",
    "missed_by_depth",
    "score_facts",
    "speed_rows",
    "summary",
    "tolerance",
    "usual_depths",
    "what_if",
    "with_fusion",
]
