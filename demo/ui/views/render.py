"""Templates of `ui/templates`, with escaping on and undefined names refused."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from demo.language import Language
from demo.ui import wording

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent.parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, language: Language, **values: object) -> str:
    """The HTML of `template`; every value it prints is escaped. `w` and `language` are always there."""
    return _TEMPLATES.get_template(template).render(w=wording, language=language, **values)
