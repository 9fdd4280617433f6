"""Settings from the environment: names, types, and sentences for what does not fit."""

from __future__ import annotations

import pytest

from demo.errors import InputError
from demo.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()


def test_a_variable_overrides_its_field() -> None:
    found = Settings.from_env(
        {"RERANK_LENS_PORT": " 8000 ", "RERANK_LENS_DEVICE": "cpu", "RERANK_LENS_ANY_MODEL": "no"}
    )
    assert (found.port, found.device, found.any_model) == (8000, "cpu", False)


def test_spaces_serve_everyone_and_offer_only_the_menu() -> None:
    found = Settings.from_env({"SPACE_ID": "someone/rerank-lens"})
    assert (found.host, found.any_model) == ("0.0.0.0", False)
    assert Settings.from_env({"SPACE_ID": "x/y", "RERANK_LENS_ANY_MODEL": "1"}).any_model


def test_on_zero_gpu_the_app_itself_stays_on_the_cpu() -> None:
    found = Settings.from_env({"SPACE_ID": "someone/rerank-lens", "SPACES_ZERO_GPU": "true"})
    assert (found.zero_gpu, found.device) == (True, "cpu")
    assert not Settings.from_env({"SPACE_ID": "someone/rerank-lens", "SPACES_ZERO_GPU": "0"}).zero_gpu


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "eighty"), ("PORT", "-1"), ("ANY_MODEL", "perhaps"), ("PORT", "")]
)
def test_what_does_not_fit_is_named(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"RERANK_LENS_{name} is “{value}”. Write"):
        Settings.from_env({f"RERANK_LENS_{name}": value})
