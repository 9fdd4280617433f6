"""The two languages of the page. Every sentence a person reads exists in both, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or label in English and in Simplified Chinese."""

    en: str
    zh: str

    def to(self, language: Language) -> str:
        """The sentence in `language`."""
        return self.zh if language == "zh" else self.en

    def format(self, **values: object) -> Text:
        """The same sentence with `{name}` placeholders filled in, in both languages."""
        return Text(self.en.format(**values), self.zh.format(**values))
