"""The layers hold: who may import whom, where each library lives, no circles, and nothing heavy before the page is up.

Standard library only, so that it can be run before anything is installed: it reads the sources and imports nothing,
but for one test that starts Python to see what really gets loaded.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

LAYERS = (
    ("messages", "versions", "normalisation", "memory", "visitors"),
    ("errors", "progress", "score_kinds", "usage"),
    ("records", "locale"),
    ("settings", "phrases", "judgments"),
    ("text", "formats", "turns", "uploads"),
    ("library", "metrics", "rankers"),
    ("results", "budgets", "arguments"),
    ("evaluation",),
    ("service",),
    ("charts",),
    ("ui", "api", "evaluate", "record_first", "deploy"),
    ("serving",),
    ("app",),
)
"""Every part of the app, from the lowest layer."""

APART = ("training", "benchmark")
"""Never imported by the app; they may import any of it."""

DATA = ("bundled",)
"""Folders of demo/ without a module."""

MODELS = ("demo.rankers.cross_encoder", "demo.training", "demo.benchmark")

HOMES = {
    "gradio": ("app", "demo.ui"),
    "httpx": ("demo.rankers.remote", "demo.rankers.cross_encoder.elsewhere.http"),
    "fastapi": ("demo.api", "demo.serving"),
    "ray": ("demo.serving", "demo.evaluate.spread"),
    "jinja2": ("demo.ui",),
    "plotly": ("demo.charts", "demo.ui"),
    "torch": (*MODELS, "demo.rankers.dense_encoder"),
    "transformers": (*MODELS, "demo.rankers.dense_encoder"),
    "tokenizers": MODELS,
    "safetensors": MODELS,
    "huggingface_hub": ("demo.rankers.cross_encoder.hub", "demo.deploy"),
    "sentence_transformers": (
        "demo.rankers.cross_encoder",
        "demo.rankers.dense_encoder",
        "demo.training",
        "demo.benchmark",
    ),
    "elasticsearch": ("demo.rankers.search.engines",),
    "opensearchpy": ("demo.rankers.search.engines",),
    "tantivy": ("demo.rankers.disk_indexes",),
    "spaces": ("demo.rankers.cross_encoder.zero_gpu",),
    "rank_bm25": ("demo.rankers.bm25_index", "demo.training", "demo.benchmark"),
    "snowballstemmer": ("demo.text", "demo.training"),
    "ir_measures": ("demo.metrics.effectiveness",),
    "ir_datasets": ("demo.formats.irds",),
    "chardet": ("demo.formats.encoding",),
    "pypdfium2": ("demo.formats.documents",),
    "openpyxl": ("demo.formats.workbook",),
    "pyarrow": ("demo.formats.parquet",),
    "lxml": ("demo.formats.documents",),
    "zipfile": (
        "demo.formats.archive",
        "demo.formats.beir",
        "demo.formats.documents",
        "demo.formats.workbook",
        "demo.training",
    ),
    "polib": ("demo.messages", "demo.locale"),
    "babel": ("demo.locale",),
}
"""Libraries with the modules that may import them; a name stands for itself and all modules within it."""

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "pypdfium2",
    "openpyxl",
    "pyarrow",
    "lxml",
    "chardet",
    "polib",
    "babel",
    "elasticsearch",
    "opensearchpy",
    "tantivy",
)
"""Never loaded before somebody needs them."""

ENVIRONMENT = ("demo.settings", "demo.training")


@dataclass(frozen=True)
class Import:
    """One import: the dotted name, its line, and whether it runs when the module is imported."""

    name: str
    line: int
    at_start: bool
    for_types: bool


# ---- reading the sources -----------------------------------------------------------------------------------------


@cache
def modules() -> dict[str, Path]:
    """Every module of the app by its dotted name."""
    paths = [*(ROOT / "demo").rglob("*.py"), *ROOT.glob("app.py")]
    dotted = {path: path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in paths}
    return {name.removesuffix(".__init__"): path for path, name in dotted.items()}


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text("utf-8"))


@cache
def imports(module: str) -> tuple[Import, ...]:
    """Every import of the module; `from a import b` gives a unless b must be a module of the package a, then a.b."""
    return tuple(found(tree_of(module), module, at_start=True, for_types=False))


def found(node: ast.AST, module: str, at_start: bool, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_start, for_types) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = base_of(child, module)
            for alias in child.names:
                yield Import(name_of(base, alias.name), child.lineno, at_start, for_types)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from found(child, module, at_start=False, for_types=True)
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from found(child, module, at_start and not is_function, for_types)


def name_of(base: str, imported: str) -> str:
    """The module that `from base import imported` loads: base, or the module imported in the app's package base."""
    is_module = f"{base}.{imported}" in modules()
    is_package = base in modules() and modules()[base].name == "__init__.py"
    return f"{base}.{imported}" if is_module or (is_package and imported not in names_in(base)) else base


@cache
def names_in(module: str) -> frozenset[str]:
    """What the module defines or imports at its top."""
    names: set[str] = set()
    for node in tree_of(module).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        else:
            names |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return frozenset(names)


def base_of(node: ast.ImportFrom, module: str) -> str:
    """The absolute name of the module that is imported from."""
    if not node.level:
        return node.module or ""
    package = module if modules()[module].name == "__init__.py" else module.rpartition(".")[0]
    above = package.rsplit(".", node.level - 1)[0]
    return f"{above}.{node.module}" if node.module else above


def part_of(module: str) -> str:
    """“rankers” for demo.rankers.bm25_index, “app” for app, "" for demo itself."""
    return module.removeprefix("demo").removeprefix(".").partition(".")[0]


def own(module: str) -> list[Import]:
    """The imports of other modules of the app."""
    return [one for one in imports(module) if one.name.partition(".")[0] == "demo"]


def stands_in(module: str, homes: tuple[str, ...]) -> bool:
    return any(module == home or module.startswith(f"{home}.") for home in homes)


# ---- layers ------------------------------------------------------------------------------------------------------


def layer(part: str) -> int:
    """The layer of a part, from 0."""
    return next(number for number, parts in enumerate(LAYERS) if part in parts)


def test_every_part_has_its_layer_and_no_other_is_listed() -> None:
    listed = [part for parts in LAYERS for part in parts] + [*APART, *DATA]
    here = {path.stem for path in (ROOT / "demo").iterdir() if path.suffix == ".py" or path.is_dir()}
    found = {name for name in here if not name.startswith(("_", "."))} - {"page"} | {"app"}
    assert sorted(listed) == sorted(found)
    assert not [path for name in DATA for path in (ROOT / "demo" / name).rglob("*.py")]


def test_the_guide_names_the_same_layers() -> None:
    """The table of layers in CONTRIBUTING.md, row by row."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+|–) \| (.+?) \|", text, re.M)
    named = [(number, tuple(re.findall(r"`(\w+)`", parts))) for number, parts in rows]
    assert named == [*((str(number), parts) for number, parts in enumerate(LAYERS)), ("–", APART)]


def test_the_guide_names_files_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"`((?:demo|tests|corpora|docs)/[\w./-]*|[\w]+\.py)`", text))
    assert len(named) > 20
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_a_module_imports_only_from_layers_below() -> None:
    wrong = [
        f"{module}:{one.line} (layer {layer(part_of(module))}) imports {one.name} (layer {layer(part_of(one.name))})"
        for module in modules()
        if part_of(module) not in (*APART, "")
        for one in own(module)
        if part_of(one.name) not in ("", part_of(module))
        if layer(part_of(one.name)) >= layer(part_of(module))
    ]
    assert not wrong, "\n".join(wrong)


def test_the_app_never_imports_what_stands_apart() -> None:
    wrong = [
        f"{module}:{one.line} imports {one.name}"
        for module in modules()
        if part_of(module) not in APART
        for one in own(module)
        if part_of(one.name) in APART
    ]
    assert not wrong, "\n".join(wrong)


def test_no_test_imports_from_another() -> None:
    """What several need stands in tests/fakes.py, or in a file whose name begins with “made”."""
    wrong = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            wrong += [f"{path.name}:{node.lineno} imports {name}" for name in names if name.startswith("test_")]
    assert not wrong, "\n".join(wrong)


def test_there_are_no_circles() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, "circle: " + " → ".join([*path[path.index(module) :], module])
        if module in done or module not in modules():
            return
        for one in own(module):
            if not one.for_types:
                visit(one.name, (*path, module))
        done.add(module)

    for module in modules():
        visit(module, ())


# ---- libraries ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", HOMES)
def test_every_library_stays_at_home(library: str) -> None:
    wrong = [
        f"{module}:{one.line} imports {one.name}"
        for module in modules()
        if not stands_in(module, HOMES[library])
        for one in imports(module)
        if one.name.partition(".")[0] == library and not one.for_types
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_settings_read_the_environment() -> None:
    wrong = [
        f"{module}:{node.lineno}"
        for module in modules()
        if not stands_in(module, ENVIRONMENT)
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")
    ]
    assert not wrong, "\n".join(wrong)


def loaded_with(module: str) -> dict[str, str]:
    """The app's modules that importing `module` loads, each with the one that asked for it."""
    reached = {module: ""}
    waiting = [module]
    while waiting:
        current = waiting.pop()
        wanted = [one.name for one in own(current) if one.at_start]
        parents = [".".join(name.split(".")[:depth]) for name in wanted for depth in range(1, name.count(".") + 1)]
        for name in (*wanted, *parents):
            if name in modules() and name not in reached:
                reached[name] = current
                waiting.append(name)
    return reached


ENTRANCES = (
    "app",
    "demo.service",
    "demo.ui.app",
    "demo.formats",
    "demo.library",
    "demo.charts",
    "demo.rankers.registry",
    "demo.evaluation",
    "demo.evaluate.__main__",
)


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_nothing_heavy_is_imported_before_it_is_needed(entrance: str) -> None:
    wrong = [
        f"{module}:{one.line} imports {one.name} (asked for by {asker or 'itself'})"
        for module, asker in loaded_with(entrance).items()
        for one in imports(module)
        if one.at_start and one.name.partition(".")[0] in HEAVY
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("entrance", [name for name in ENTRANCES if name != "app"])
def test_our_import_loads_nothing_heavy_in_fact(entrance: str) -> None:
    """pandas, which gradio needs, loads pyarrow where that is installed, as beside Ray: that is pandas' doing."""
    loaded = heavy_after(entrance)
    assert loaded - {"pandas"} - (heavy_after("pandas") if "pandas" in loaded else set()) == set()


def heavy_after(module: str) -> set[str]:
    """Which of HEAVY, and of pandas, a new process has loaded that imports the module."""
    code = f"import sys, {module}; print(*sorted(set({(*HEAVY, 'pandas')!r}) & set(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in finished.stderr and "demo" not in finished.stderr.rsplit("ModuleNotFoundError", 1)[1]:
        pytest.skip("not everything is installed")
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


# ---- the test itself can fail ------------------------------------------------------------------------------------


def test_imports_are_found_wherever_they_stand() -> None:
    source = "import a\nif TYPE_CHECKING:\n    import b\ndef f():\n    from c import d\nclass C:\n    import e\n"
    seen = {one.name: (one.at_start, one.for_types) for one in found(ast.parse(source), "app", True, False)}
    assert seen == {"a": (True, False), "b": (False, True), "c": (False, False), "e": (True, False)}


def test_layers_are_told_apart() -> None:
    assert layer("errors") < layer("records") < layer("text") < layer("library") < layer("service") < layer("ui")
    assert stands_in("demo.text", ("demo.text",))
    assert not stands_in("demo.text_form", ("demo.text",))
    assert part_of("demo.formats.archive") == "formats"
    assert loaded_with("demo.library")["demo.formats.archive"].startswith("demo.formats")
