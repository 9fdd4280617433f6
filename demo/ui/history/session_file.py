"""A session as one file: the last inputs with their passages, the judgments, the last runs.

Everything in it comes from the visitor's browser and goes back there.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from demo.arguments import mended
from demo.errors import InputError
from demo.ui.history.past import read_runs
from demo.ui.memory import read_judgments

FORMAT, VERSION = "rerank-lens-session", 1
NAME = "rerank-lens-session.json"


@dataclass(frozen=True, slots=True)
class Session:
    """What the browser keeps, as text (`demo.ui.memory`)."""

    run: str
    judgments: str
    history: str


def session_text(session: Session) -> str:
    """The session as a file."""
    return json.dumps({"format": FORMAT, "version": VERSION, **asdict(session)}, ensure_ascii=False, indent=1)


def read_session(name: str, content: bytes) -> Session:
    """The session of a file.

    Raises:
        InputError: it is no such file, or one of a later version of this app.
    """
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError("{name} is no saved session: it is not JSON.", name=name) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise InputError("{name} is no saved session. Choose a file that “Save session” made.", name=name)
    if values.get("version") != VERSION:
        raise InputError(
            "{name} was saved by another version of this app ({found}). This one reads version {version}.",
            name=name,
            found=str(values.get("version")),
            version=VERSION,
        )
    parts = {part: values.get(part, "") for part in ("run", "judgments", "history")}
    if not all(isinstance(part, str) and mended(part) == part for part in parts.values()):
        raise InputError("{name} is damaged: one of its parts is not text.", name=name)
    if (parts["history"] and not read_runs(parts["history"])) and parts["history"] != "[]":
        raise InputError("{name} is damaged: its runs cannot be read.", name=name)
    if parts["judgments"] not in ("", "[]") and not read_judgments(parts["judgments"]):
        raise InputError("{name} is damaged: its judgments cannot be read.", name=name)
    return Session(**parts)
