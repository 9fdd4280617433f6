"""What can go wrong, as the person who meets it would sort it.

    DemoError            has a sentence for the page, in every language of it
    ├── InputError       the person can fix it: a file, a pasted list, a query, a setting
    ├── ModelError       a model cannot be loaded or gave no usable score
    ├── RemoteError      something beyond this machine did not answer
    └── BusyError        there is no room for this now; it says when to come back

A sentence says what is wrong, where, what was found, what is allowed and what to do. Raise at the layer that
knows; `ui.boundary` alone turns a DemoError into a message. Anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

from demo.messages import Language, Message


class DemoError(Exception):
    """An error with a sentence for the person on the page; `str()` gives the English one.

    The sentence is a message, or English with its values: `InputError("Line {line} has no text.", line=7)`.
    """

    def __init__(self, sentence: Message | str, /, **values: object) -> None:
        self.message = Message(sentence, **values) if isinstance(sentence, str) else sentence
        super().__init__(self.message)

    def to(self, language: Language) -> str:
        """The sentence in `language`."""
        return self.message.to(language)


class InputError(DemoError):
    """The person's input cannot be used as it is; the sentence says how to mend it."""


def not_writable(path: object, error: Exception) -> InputError:
    """That nothing can be written to a path below --out of the command line."""
    reason = getattr(error, "strerror", None) or str(error)
    return InputError(
        "{path} cannot be written ({strerror}). Choose another folder with --out.", path=path, strerror=reason
    )


class ModelError(DemoError):
    """A model cannot be loaded, or it returned something that is not a score."""


class RemoteError(DemoError):
    """A service beyond this machine did not answer as expected."""


class BusyError(DemoError):
    """Others, or the visitor's own requests, use all there is at the moment.

    Attributes:
        retry_seconds: when to come back, by what is known now.
    """

    def __init__(self, sentence: Message | str, /, retry_seconds: float, **values: object) -> None:
        super().__init__(sentence, **values)
        self.retry_seconds = retry_seconds
