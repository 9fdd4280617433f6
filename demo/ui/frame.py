"""What every tab is given to build itself: the shared inputs, judging, labels."""

from __future__ import annotations

from dataclasses import dataclass

from demo.service import RankingService
from demo.ui import wording as w
from demo.ui.explaining import Explaining
from demo.ui.inputs.components import Inputs
from demo.ui.judging import Judging
from demo.ui.memory import Memory


@dataclass(frozen=True, slots=True)
class PageFrame:
    """The page around the tabs."""

    inputs: Inputs
    judging: Judging
    explaining: Explaining
    memory: Memory
    label: w.Labels

    @property
    def service(self) -> RankingService:
        """What ranks."""
        return self.inputs.pane.service
