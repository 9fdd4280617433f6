import subprocess
import sys

import pytest

from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.kept_scores import Recording
from demo.record_first import worked_example
from demo.service import BUNDLED, FIRST_SCORES, RankingService
from demo.settings import Settings


def test_the_recorded_example_is_what_the_weights_give_now() -> None:
    """Were the recording another model's, or of another query or collection, its keys would not be found."""
    (path,) = BUNDLED.glob(f"*/{FIRST_SCORES}")
    recorded = Recording.read(path)
    spec = loading.default_model(Settings())
    assert spec.key == f"bundled/{path.parent.name}"
    assert recorded.fingerprint == loading.fingerprint(spec, Settings()), "run python -m demo.record_first"
    shown = worked_example(RankingService(Settings()))
    after = shown.rankings[1]
    assert after.cost.kept_pairs == shown.size > 10, "run python -m demo.record_first"
    computed = worked_example(RankingService(Settings(), recordings=None))
    assert computed.rankings[1].cost.kept_pairs == 0
    assert after.scores == pytest.approx(computed.rankings[1].scores, abs=1e-3)
    assert after.extents == computed.rankings[1].extents


def test_the_recorded_example_is_there_before_torch() -> None:
    code = (
        "import sys; from demo.record_first import worked_example; from demo.service import RankingService\n"
        "from demo.settings import Settings; worked_example(RankingService(Settings()))\n"
        "sys.exit(sorted({'torch', 'transformers', 'gradio', 'plotly'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
