"""Brings every catalogue up to date: `python -m demo.locale` adds new sentences, untranslated, and drops old ones.

A sentence is whatever the source gives to `Message`, an error, `plural` or `joined`, a template puts between
`{% trans %}` and `{% endtrans %}`, or a card in `corpora/` says of its collection.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from demo import errors
from demo.messages import LOCALE

SOURCE = LOCALE.parent
CORPORA = SOURCE.parent / "corpora"
_METHODS = [("**.py", "python"), ("**.html", "jinja2")]
_ERRORS = (errors.InputError, errors.ModelError, errors.RemoteError, errors.BusyError)
_KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("Message", "gettext", *(error.__name__ for error in _ERRORS))),
    **{"plural": (1, 2), "joined": (2,)},
}
_OPTIONS = {"**.html": {"trimmed": "true"}}
_WIDTH = 120


def sentences() -> Catalog:
    """Every sentence of the source, with the files that say it."""
    found = Catalog()
    rows = extract_from_dir(SOURCE, _METHODS, options_map=_OPTIONS, keywords=_KEYWORDS)
    for file, _, message, _, _ in rows:
        if message != "" and not Path(file).is_relative_to("training"):
            found.add(message, locations=[(Path("demo", file).as_posix(), 0)])
    for file, text in _card_sentences():
        found.add(text, locations=[(file, 0)])
    return found


def _card_sentences() -> Iterator[tuple[str, str]]:
    for path in sorted(CORPORA.glob("*/card.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        name = path.relative_to(CORPORA.parent).as_posix()
        texts = (card["title"], card["description"], *card["grades"].values(), *(t["trap"] for t in card["traps"]))
        yield from ((name, text) for text in texts)


def read_catalogue(path: Path) -> polib.POFile:
    """The catalogue in a file."""
    return polib.pofile(str(path), wrapwidth=_WIDTH)


def update(path: Path) -> int:
    """Brings one catalogue up to date; returns how many of its sentences have no translation."""
    catalogue = read_catalogue(path)
    catalogue.merge(_template())
    for entry in catalogue.obsolete_entries():
        catalogue.remove(entry)
    for entry in catalogue.fuzzy_entries():
        entry.flags.remove("fuzzy")
    catalogue.sort(key=lambda entry: entry.msgid)
    catalogue.save(str(path))
    return len(catalogue.untranslated_entries())


def _template() -> polib.POFile:
    """Every sentence of the source, untranslated."""
    template = polib.POFile(wrapwidth=_WIDTH)
    for message in sentences():
        if not message.id:
            continue
        one, many = message.id if isinstance(message.id, tuple) else (message.id, "")
        entry = polib.POEntry(msgid=one, msgid_plural=many, occurrences=[(file, "") for file, _ in message.locations])
        if many:
            entry.msgstr_plural = {0: ""}
        template.append(entry)
    return template


if __name__ == "__main__":
    for each in sorted(LOCALE.glob("*.po")):
        print(f"{each.name}: {update(each)} sentences to translate")
