"""What a bundled collection says of itself, below the menu where it is chosen."""

from __future__ import annotations

from demo.language import Language
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
