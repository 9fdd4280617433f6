"""Templates of `ui/templates`, with escaping on and undefined names refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from demo.messages import Language, catalogue
from demo.ui import wording

_FOLDER = Path(__file__).resolve().parent.parent / "templates"


@cache
def _templates(language: Language) -> Environment:
    """The templates with their own sentences in `language`."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


def render(template: str, language: Language, **values: object) -> str:
    """The HTML of `template`; every value it prints is escaped. `w` and `language` are always there."""
    return _templates(language).get_template(template).render(w=wording, language=language, **values)
