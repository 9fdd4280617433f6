"""Which checkpoints the own forward takes, and that it gives the logits of their transformers classes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from made_checkpoints import PASSAGES, QUERY, SIZES, bert_config, bert_state, random_state, scores_of, write_checkpoint
from safetensors.torch import save_file
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from demo.errors import ModelError
from demo.rankers.catalog import CATALOG
from demo.rankers.cross_encoder.forward import ARCHITECTURES, Builder, Layer, architecture_of
from demo.rankers.cross_encoder.linear import Linear, Packed, can_pack, has_bf16, packs_rightly
from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve
from demo.records import ModelSpec
from demo.settings import ROOT, Settings

CPU = torch.device("cpu")
BERT = ModelSpec("made", "Made", architecture="BertForSequenceClassification")


def test_every_model_of_the_catalog_has_a_row() -> None:
    for spec in CATALOG:
        assert any((row.name, row.head) == (spec.architecture, spec.head) for row in ARCHITECTURES), spec.key


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_act": "silu"},
        {"position_embedding_type": "relative_key"},
        {"is_decoder": True},
        {"quantization_config": {"bits": 4}},
        {"num_attention_heads": None},
    ],
    ids=str,
)
def test_what_the_forward_does_not_have_is_left_to_transformers(change: dict[str, Any]) -> None:
    assert architecture_of(BERT, bert_config(1)) is not None
    assert architecture_of(BERT, bert_config(1) | change) is None
    assert architecture_of(ModelSpec("made", "Made", architecture="MPNetForSequenceClassification"), SIZES) is None


def inputs(rows: int = 5, tokens: int = 40) -> dict[str, torch.Tensor]:
    """Random tokens with types, and padding behind two of the rows."""
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(5, SIZES["vocab_size"], (rows, tokens), generator=generator)
    mask, types = torch.ones_like(ids), torch.zeros_like(ids)
    mask[1, 30:], mask[3, 7:], types[:, 10:] = 0, 0, 1
    return {"ids": ids, "mask": mask, "types": types}


def own_and_theirs(kind: str, **config: Any) -> tuple[Builder, torch.nn.Module]:
    options = transformers.AutoConfig.for_model(kind, **(SIZES | config), num_labels=1)
    module = transformers.AutoModelForSequenceClassification.from_config(options)
    module.load_state_dict(random_state(module))
    names = {"bert": "BertForSequenceClassification", "electra": "ElectraForSequenceClassification"}
    row = architecture_of(ModelSpec("made", "Made", architecture=names[kind]), options.to_dict())
    assert row is not None
    return Builder(row, options.to_dict(), module.state_dict(), CPU, torch.float32), module.eval()


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("bert", {"hidden_act": "gelu"}),
        ("bert", {"hidden_act": "gelu_new"}),
        ("bert", {"hidden_act": "relu"}),
        ("bert", {"layer_norm_eps": 0.1}),
        ("bert", {"num_hidden_layers": 1}),
        ("bert", {"num_hidden_layers": 4, "num_attention_heads": 4, "type_vocab_size": 3}),
        ("electra", {"embedding_size": 32}),
    ],
    ids=str,
)
def test_logits_are_those_of_transformers(kind: str, config: dict[str, Any]) -> None:
    builder, module = own_and_theirs(kind, **config)
    encoder, given = builder.encoder(), inputs()
    with torch.inference_mode():
        expected = module(given["ids"], attention_mask=given["mask"], token_type_ids=given["types"]).logits
        torch.testing.assert_close(encoder(**given), expected, rtol=0, atol=2e-5)
        whole = module(given["ids"], token_type_ids=given["types"]).logits
        torch.testing.assert_close(encoder(given["ids"], None, given["types"]), whole, rtol=0, atol=2e-5)
        untyped = module(given["ids"], attention_mask=given["mask"]).logits
        torch.testing.assert_close(encoder(given["ids"], given["mask"], None), untyped, rtol=0, atol=2e-5)
    assert expected.std() > 0.01, "logits that tell nothing apart"


class OnOneDevice(TorchDispatchMode):
    """Refuses operations between tensors of two devices, as a GPU would; of the CPU only single numbers may come in."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device, self.operations = device, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = {
            each.device.type for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor) and each.dim()
        }
        assert found <= {self.device}, f"{func} meets {found}"
        self.operations += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("kind", "config"), [("bert", {}), ("electra", {"embedding_size": 16})])
def test_everything_is_computed_on_the_device_of_the_weights(
    kind: str, config: dict[str, Any], dtype: torch.dtype
) -> None:
    """On torch's device without memory, which a machine without a GPU has too: every shape and device is checked."""
    builder, _ = own_and_theirs(kind, **config)
    given = inputs()
    expected = builder.encoder()(**given).shape
    encoder = replace(builder, device=torch.device("meta"), dtype=dtype).encoder()
    moved = {name: tensor.to("meta") for name, tensor in given.items()}
    for mask in (moved["mask"], None):
        with OnOneDevice("meta") as watched:
            logits = encoder(moved["ids"], mask, moved["types"])
        assert (logits.device.type, logits.dtype, logits.shape) == ("meta", torch.float32, expected)
        assert watched.operations > 20


def layer() -> Layer:
    encoder = own_and_theirs("bert")[0].encoder()
    (first, *_) = encoder.layers
    return first


@pytest.mark.skipif(not can_pack(CPU, torch.float32), reason="this processor has no oneDNN")
def test_onednn_gives_what_the_plain_layers_give(monkeypatch: pytest.MonkeyPatch) -> None:
    builder, given = own_and_theirs("bert")[0], inputs()
    packed = builder.encoder()
    monkeypatch.setattr(torch._C, "_has_mkldnn", False)
    plain = builder.encoder()
    kinds = [{type(each.inner), type(each.qkv)} for each in (*packed.layers, *plain.layers)]
    assert kinds == [{Packed}, {Packed, Linear}, {Linear}, {Linear}]
    with torch.inference_mode():
        torch.testing.assert_close(packed(**given), plain(**given), rtol=0, atol=2e-5)


@pytest.mark.skipif(not can_pack(CPU, torch.float32), reason="this processor has no oneDNN")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_torchs_own_operators_still_give_what_the_public_ones_give(dtype: torch.dtype) -> None:
    """Fails where a new version of torch changed them: scores stay right then, and take longer."""
    assert packs_rightly(dtype) or not can_pack(CPU, dtype)


class Skewed(Packed):
    """Operators that give other numbers than they should."""

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return super().__call__(x) * 1.001


def no_operator(linear: Linear | Packed) -> Packed:
    raise AttributeError("'_OpNamespace' 'mkldnn' object has no attribute '_reorder_linear_weight'")


def other_arguments(linear: Linear | Packed) -> Packed:
    raise RuntimeError("_linear_pointwise() expected at most 5 arguments")


@pytest.mark.parametrize("pack", [no_operator, other_arguments, Skewed.of])
def test_the_public_path_is_taken_where_torchs_own_operators_fail(pack: Any) -> None:
    builder, given = own_and_theirs("bert")[0], inputs()
    usual, public = builder.encoder(), replace(builder, pack=pack).encoder()
    assert {type(each.inner) for each in public.layers} == {Linear}
    assert not can_pack(CPU, torch.float32, pack)
    with torch.inference_mode():
        torch.testing.assert_close(public(**given), usual(**given), rtol=0, atol=2e-5)


def test_a_torch_that_does_not_tell_of_bf16_is_taken_to_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> bool:
        raise AttributeError

    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", missing)
    assert not has_bf16()


def test_the_first_token_alone_is_the_first_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch._C, "_has_mkldnn", False)
    each = layer()
    x = torch.randn(3, 9, each.qkv.weight.shape[1], generator=torch.Generator().manual_seed(1))
    mask = torch.zeros(3, 1, 1, 9)
    mask[2, ..., 4:] = -torch.inf
    for given in (mask, None):
        torch.testing.assert_close(each.first(x, given), each(x, given)[:, 0], rtol=0, atol=1e-5)


def test_names_of_old_checkpoints_are_read(tmp_path: Path) -> None:
    new = scores(write_checkpoint(tmp_path / "new", bert_config(1), bert_state(1)))
    state = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in bert_state(1).items()
    }
    assert scores(write_checkpoint(tmp_path / "old", bert_config(1), state)) == new


def scores(folder: Path) -> list[float]:
    settings = Settings()
    return scores_of(load_cross_encoder(resolve(str(folder), settings), settings), QUERY, PASSAGES)


def test_sizes_that_differ_from_the_config_are_named(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, bert_config(1) | {"intermediate_size": 100}, bert_state(1))
    with pytest.raises(ModelError, match=r"config\.json says intermediate_size 100, but the weights have 512"):
        scores(folder)


def test_layers_that_the_files_lack_are_named(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, bert_config(1) | {"num_hidden_layers": 3}, bert_state(1))
    with pytest.raises(ModelError, match=r"bert\.encoder\.layer\.2\.attention\.output\.LayerNorm\.bias, .* …"):
        scores(folder)


def test_the_bundled_model_needs_no_transformers() -> None:
    code = (
        "import sys; from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve\n"
        "from demo.settings import Settings\n"
        "model = load_cross_encoder(resolve('bundled/tiny', Settings()), Settings(device='cpu'))\n"
        "assert [*model.score('berlin', ['berlin', 'rome'])] and model.backend == 'own forward'\n"
        "assert 'torch' in sys.modules and 'transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_half_precision_weights_are_computed_in_fp32(tmp_path: Path) -> None:
    state = {name: value.half() for name, value in bert_state(1).items()}
    half = scores(write_checkpoint(tmp_path / "half", bert_config(1), state))
    save_file({name: value.float() for name, value in state.items()}, tmp_path / "half" / "model.safetensors")
    assert scores(tmp_path / "half") == half
