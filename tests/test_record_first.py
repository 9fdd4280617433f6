import subprocess
import sys
from pathlib import Path

import pytest

from demo.kept_scores import Recording
from demo.rankers import loading
from demo.record_first import worked_example
from demo.service import BUNDLED, FIRST_SCORES, RankingService
from demo.settings import Settings

FOLDERS = sorted(path.parent for path in BUNDLED.glob("*/config.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_recorded_example_is_what_the_weights_give_now(folder: Path) -> None:
    """Were the recording another model's, or of another query or collection, its keys would not be found."""
    recorded = Recording.read(folder / FIRST_SCORES)
    spec = loading.resolve(f"bundled/{folder.name}", Settings())
    assert recorded.fingerprint == loading.fingerprint(spec, Settings()), "run python -m demo.record_first"
    shown = worked_example(RankingService(Settings()), spec.key)
    assert shown.after.cost.kept_pairs == shown.size > 10, "run python -m demo.record_first"
    computed = worked_example(RankingService(Settings(), recordings=None), spec.key)
    assert computed.after.cost.kept_pairs == 0
    assert shown.after.scores == pytest.approx(computed.after.scores, abs=1e-3)
    assert shown.after.extents == computed.after.extents


@pytest.mark.skipif(not FOLDERS, reason="there are no bundled weights")
def test_the_recorded_example_is_there_before_torch() -> None:
    spec = f"bundled/{FOLDERS[0].name}" if FOLDERS else ""
    code = (
        "import sys; from demo.record_first import worked_example; from demo.service import RankingService\n"
        f"from demo.settings import Settings; worked_example(RankingService(Settings()), {spec!r})\n"
        "sys.exit(sorted({'torch', 'transformers', 'gradio', 'plotly'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
