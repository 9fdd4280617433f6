"""What goes to servers that score and what comes back, as values and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from demo.errors import DemoError, InputError, ModelError, RemoteError
from demo.messages import Message, plural
from demo.rankers.cross_encoder.loaded_models import Scorer
from demo.records import Extent, ModelSpec

PATH, MODELS_PATH = "/score", "/models"
INVALID = 422

_KNOWN_BY_LOADING = (
    *("labels", "layers", "width", "max_tokens", "limit_tokens", "prompt"),
    *("takes_instruction", "parameters", "weights_bytes"),
)
"""Fields of a model's spec that its files say."""

_ERRORS: Mapping[str, type[DemoError]] = {kind.__name__: kind for kind in (InputError, ModelError, RemoteError)}


@dataclass(frozen=True, slots=True)
class Work:
    """Texts to score for a query. Without texts the answer tells of the model alone.

    Attributes:
        model: its key, as the asking side writes it.
        precision, windows, max_tokens, instruction: as a cross-encoder is asked.
    """

    model: str
    precision: str
    query: str = ""
    texts: tuple[str, ...] = ()
    windows: bool = False
    max_tokens: int = 0
    instruction: str = ""

    def to_json(self) -> str:
        """As the body of a request."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: bytes | str) -> Work:
        """What `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            work = cls(**json.loads(text))
            checked = replace(work, texts=tuple(work.texts))
        except TypeError as error:
            raise ValueError(str(error)) from error
        wanted = (str, str, str, tuple, bool, int, str)
        if not all(isinstance(value, kind) for value, kind in zip(_values(checked), wanted, strict=True)):
            raise ValueError("a field has the wrong type")
        if not all(isinstance(each, str) for each in checked.texts):
            raise ValueError("a text is no text")
        return checked


def _values(work: Work) -> Sequence[object]:
    return [getattr(work, name) for name in work.__slots__]


@dataclass(frozen=True, slots=True)
class About:
    """What a server says of the model that it scored with.

    Attributes:
        fingerprint, backend, precision, emulated, bytes: as of a loaded cross-encoder.
        fields: of its spec, as far as its files say them; cautions: of its spec, too.
    """

    fingerprint: str
    backend: str
    precision: str
    emulated: bool
    bytes: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    cautions: tuple[Message, ...] = ()

    @classmethod
    def of(cls, model: Scorer) -> About:
        """Of a loaded model."""
        fields = {name: getattr(model.spec, name) for name in _KNOWN_BY_LOADING}
        return cls(
            model.fingerprint, model.backend, model.precision, model.emulated, model.bytes, fields, model.spec.cautions
        )

    def spec(self, known: ModelSpec) -> ModelSpec:
        """What was known of the model before, with what the server says."""
        fields = {name: value for name, value in self.fields.items() if name in _KNOWN_BY_LOADING}
        return replace(known, **fields, cautions=self.cautions)


@dataclass(frozen=True, slots=True)
class Answer:
    """Scores of the texts of one piece of work, in their order.

    Attributes:
        tokens: that the model read for them, about.
        device: where it was computed.
    """

    about: About
    scores: tuple[float, ...] = ()
    extents: tuple[Extent, ...] = ()
    tokens: int = 0
    device: str = ""

    def to_json(self) -> str:
        """As the body of an answer; float32 scores come back as they were."""
        about = {name: getattr(self.about, name) for name in self.about.__slots__}
        about["cautions"] = [_plain(caution) for caution in self.about.cautions]
        return json.dumps({name: getattr(self, name) for name in self.__slots__} | {"about": about})

    @classmethod
    def from_json(cls, text: bytes | str) -> Answer:
        """What `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            body = json.loads(text)
            about = body.pop("about")
            about["cautions"] = tuple(map(_message, about["cautions"]))
            extents = tuple(Extent(*values) for values in body.pop("extents"))
            scores = tuple(map(float, body.pop("scores")))
            if len(scores) != len(extents):
                raise ValueError("not every score has its extent")
            return cls(About(**about), scores, extents, **body)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(str(error)) from error


def places_to_json(places: Mapping[str, str]) -> str:
    """Key of a model → where its weights are for the servers, as the body of an answer."""
    return json.dumps(dict(places))


def places_from_json(text: bytes | str) -> dict[str, str]:
    """What `places_to_json` wrote.

    Raises:
        ValueError: it is something else.
    """
    places = json.loads(text)
    if not isinstance(places, dict) or not all(isinstance(where, str) for where in places.values()):
        raise ValueError("no places of models")
    return places


def refusal_to_json(error: DemoError) -> str:
    """An error as the body of an answer, in a form that can be said in every language."""
    kind = next((name for name, kind in _ERRORS.items() if isinstance(error, kind)), RemoteError.__name__)
    return json.dumps({"kind": kind, "message": _plain(error.message)})


def refusal_from_json(text: bytes | str) -> DemoError:
    """What `refusal_to_json` wrote.

    Raises:
        ValueError: it is something else.
    """
    try:
        body = json.loads(text)
        return _ERRORS[body["kind"]](_message(body["message"]))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from error


def _plain(message: Message) -> Any:
    values = {name: _plain_value(value) for name, value in message.values}
    return {"english": message.english, "many": message.many, "values": values}


def _plain_value(value: object) -> object:
    if isinstance(value, Message):
        return _plain(value)
    return value if isinstance(value, str | int | float) else str(value)


def _message(body: Any) -> Message:
    values: dict[str, Any] = {
        name: _message(value) if isinstance(value, dict) else value for name, value in body["values"].items()
    }
    if body["many"]:
        return plural(body["english"], body["many"], values.pop("count"), **values)
    return Message(body["english"], **values)
