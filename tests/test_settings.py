"""Settings from the environment: names, types, and sentences for what does not fit."""

from __future__ import annotations

from dataclasses import fields

import pytest

from demo.errors import InputError
from demo.rankers.cross_encoder.scoring import PRECISIONS
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


def test_a_page_is_private_if_nobody_else_can_reach_it() -> None:
    assert Settings().is_private
    for other in ({"host": "0.0.0.0"}, {"proxies": 1}, {"allowed_hosts": "lens.example"}):
        assert not Settings(**other).is_private  # type: ignore[arg-type]
        assert Settings(**other).of_command_line() == Settings()  # type: ignore[arg-type]


def test_on_zero_gpu_the_app_itself_stays_on_the_cpu() -> None:
    found = Settings.from_env({"SPACE_ID": "someone/rerank-lens", "SPACES_ZERO_GPU": "true"})
    assert (found.zero_gpu, found.device) == (True, "cpu")
    assert not Settings.from_env({"SPACE_ID": "someone/rerank-lens", "SPACES_ZERO_GPU": "0"}).zero_gpu


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "-1"),
        ("ANY_MODEL", "perhaps"),
        ("PORT", ""),
        ("PORT", "²"),
        ("THREADS", "9" * 16),
        ("MAX_LARGE", "0"),
        ("BATCH_TOKENS", "0"),
        ("PRECISION", "fp8"),
    ],
)
def test_what_does_not_fit_is_named(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"RERANK_LENS_{name} is “{value}”. Write"):
        Settings.from_env({f"RERANK_LENS_{name}": value})


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_that_no_machine_has_is_named(port: str) -> None:
    with pytest.raises(InputError, match=f"^The port is {port}. Write a number from 1 to 65535.$"):
        Settings.from_env({"RERANK_LENS_PORT": port})


@pytest.mark.parametrize("device", ["", "cpu", "cuda", "cuda:1", "mps"])
def test_a_device_is_written_as_torch_has_it(device: str) -> None:
    assert Settings.from_env({"RERANK_LENS_DEVICE": device}).device == device


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:one", "CPU", "mps:1x"])
def test_a_device_that_torch_has_not_is_named_at_the_start(device: str) -> None:
    with pytest.raises(InputError, match=f"^RERANK_LENS_DEVICE is “{device}”. Write cpu, cuda, cuda:1, mps or xpu"):
        Settings.from_env({"RERANK_LENS_DEVICE": device})


def test_gradios_own_names_are_honoured_and_ours_win() -> None:
    found = Settings.from_env({"GRADIO_SERVER_PORT": "8001", "GRADIO_SERVER_NAME": "::1", "SPACE_ID": "a/b"})
    assert (found.port, found.host) == (8001, "::1")
    assert Settings.from_env({"GRADIO_SERVER_PORT": "8001", "RERANK_LENS_PORT": "8002"}).port == 8002
    with pytest.raises(InputError, match="GRADIO_SERVER_PORT is “x”"):
        Settings.from_env({"GRADIO_SERVER_PORT": "x"})


def test_a_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(InputError) as refused:
        Settings.from_env({"RERANK_LENS_PORT": "x" * 5_000})
    assert len(str(refused.value)) < 150


def test_the_precisions_are_those_that_models_are_loaded_in() -> None:
    (row,) = (row for row in fields(Settings) if row.name == "precision")
    assert row.metadata["choices"] == PRECISIONS
