"""Own checkpoints: whatever their folder is called, they are offered and can be used by what the menu holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import collection_of
from made_checkpoints import write_bert

from demo.errors import InputError
from demo.rankers.bm25 import Bm25
from demo.rankers.protocol import Downloads
from demo.records import Occlusion, Query
from demo.service import RankingService, Request
from demo.settings import Settings

NAMES = ("my,model", "v[2]", "a+b", "bm25", "engine", "rrf(bm25+tiny)", 'a "quote"', "back\\slash", "x=1;y", "模型 一")
"""Names that hold what the text form of rankers is made of, and such as other kinds of rankers have."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> RankingService:
    """A service that offers a made checkpoint of each name."""
    models = tmp_path_factory.mktemp("models")
    for number, name in enumerate(NAMES):
        write_bert(models / name, seed=number)
    return RankingService(Settings(models_folder=str(models), device="cpu"), recordings=None)


def text_of(service: RankingService, name: str) -> str:
    """What the menu holds for the folder of this name."""
    (found,) = (str(ranker) for ranker in service.rankers.offered() if ranker.spec.label == name)
    return found


def test_every_folder_is_offered_once(service: RankingService) -> None:
    labels = [ranker.spec.label for ranker in service.rankers.offered()]
    assert all(labels.count(name) == 1 for name in NAMES)


def test_a_folder_is_on_this_machine_however_it_is_named(tmp_path: Path) -> None:
    write_bert(tmp_path)
    rankers = RankingService(Settings(device="cpu"), recordings=None).rankers
    by_path, on_hub = rankers.read(str(tmp_path)), rankers.read("someone/else")
    assert isinstance(by_path, Downloads)
    assert by_path.not_here() == ""
    assert isinstance(on_hub, Downloads)
    assert on_hub.not_here() == "someone/else"


@pytest.mark.parametrize("name", NAMES)
def test_what_the_menu_holds_can_be_run_and_fused_and_explained(service: RankingService, name: str) -> None:
    text = text_of(service, name)
    collection = collection_of()
    rankers = service.rankers.read_all(f"{text}, bm25, {text}[max_tokens=20], z(bm25+{text})")
    result = service.run(Request("Berlin", collection, Bm25()), rankers).run()
    assert [str(failure.reason) for failure in result.failures] == []
    assert [ranking.ranker.label for ranking in result.rankings] == [
        name,
        "BM25",
        f"{name} · 20 tokens",
        f"z (BM25 + {name})",
    ]
    keys = [ranking.ranker.key for ranking in result.rankings]
    assert [ranker.spec.key for ranker in service.rankers.read_all(", ".join(keys))] == keys
    steps = service.explain(service.rankers.read(keys[0]), Query("", "Berlin"), collection, 3)
    assert steps is not None
    assert isinstance(steps.run(), Occlusion)


def test_a_folder_is_also_found_by_its_quoted_name(service: RankingService) -> None:
    assert service.rankers.read('"v[2]"').spec.key == service.rankers.read(text_of(service, "v[2]")).spec.key
    with pytest.raises(InputError, match="bm25 has no option"):
        service.rankers.read("bm25[max_tokens=3]")  # without quotation marks it is BM25, whatever folders there are
