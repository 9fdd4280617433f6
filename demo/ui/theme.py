"""Type, colour, style sheet and script of the page. All of it is served from this machine."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import gradio as gr

ASSETS = Path(__file__).resolve().parent / "assets"
FONTS = Path(gr.__file__).resolve().parent / "templates" / "frontend" / "static" / "fonts" / "IBMPlexSans"
SCRIPTS = ("lens.js", "inputs.js", "pictures.js", "guess.js")
STYLE_SHEETS = ("frame.css", "lens.css", "sections.css", "evaluate.css", "print.css")
# Of the fonts that gradio 6.31 brings, these two have every letter at the weights 400 and 700.
_SANS = gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700))
_MONO = gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700))


def theme() -> Any:
    """Slate and blue, with subdued text dark enough to read (4.5:1 on both grounds)."""
    return gr.themes.Default(
        primary_hue="blue",
        neutral_hue="slate",
        font=[_SANS, "system-ui", "Noto Sans SC", "sans-serif"],
        font_mono=[_MONO, "ui-monospace", "monospace"],
    ).set(
        body_background_fill="#f8fafc",
        body_background_fill_dark="#0b1220",
        block_background_fill="#ffffff",
        block_background_fill_dark="#172033",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        block_title_text_weight="700",
        block_label_text_weight="400",
        button_primary_background_fill="#2563eb",
        button_primary_background_fill_hover="#1d4ed8",
        button_primary_background_fill_dark="#2563eb",
        button_primary_background_fill_hover_dark="#1d4ed8",
    )


def head() -> str:
    """The page's scripts, inline: fewer requests, and they run before the first component mounts."""
    return "".join(f"<script>{asset(name)}</script>" for name in SCRIPTS)


def css() -> str:
    """The page's style sheets: where things stand, then how they look."""
    return "\n".join(map(asset, STYLE_SHEETS))


def fonts() -> str:
    """The page's type as a style sheet with the letters in it, for a file that is read away from gradio."""
    rules = []
    for weight, style in ((400, "Regular"), (700, "Bold")):
        letters = b64encode((FONTS / f"IBMPlexSans-{style}.woff2").read_bytes()).decode()
        source = f"url(data:font/woff2;base64,{letters})"
        rules.append(f'@font-face {{ font-family: "IBM Plex Sans"; font-weight: {weight}; src: {source}; }}')
    return "\n".join(rules)


def asset(name: str) -> str:
    """The content of a file in `ui/assets`."""
    return (ASSETS / name).read_text(encoding="utf-8")
