"""What stands below the inputs: what a bundled collection says of itself, and which formats are understood."""

from __future__ import annotations

from demo.formats import FORMATS
from demo.messages import Language
from demo.records import Collection
from demo.ui.views.render import render


def collection_note(collection: Collection, language: Language) -> str:
    """Description, size and licence, and the meaning of the grades to unfold."""
    card = collection.card
    return render(
        "collection.html",
        language,
        description=card.description.to(language),
        passages=len(collection.passages),
        queries=len(collection.queries),
        licence=card.licence,
        grades=[(grade, card.grades[grade].to(language)) for grade in sorted(card.grades, reverse=True)],
    )


def formats_note(language: Language) -> str:
    """Every format with what it looks like, to unfold."""
    return render("formats.html", language, formats=FORMATS)
