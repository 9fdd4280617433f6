"""The menus that say which field of a table or of JSON holds what; shown where an input has fields to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.messages import Language, Message
from demo.ui import wording as w
from demo.ui.inputs.fields import Understood
from demo.ui.page import QUICK

Roles = tuple[tuple[str, Message], ...]

JUDGED_ROLES: Roles = (
    ("text", w.FIELD_TEXT),
    ("title", w.FIELD_TITLE),
    ("id", w.FIELD_ID),
    ("query", w.FIELD_QUERY),
    ("grade", w.FIELD_GRADE),
)
RUN_ROLES: Roles = (("query", w.FIELD_QUERY), ("id", w.FIELD_ID), ("grade", w.FIELD_SCORE))
"""Attributes of `Fields` with the labels of their menus."""


@dataclass(frozen=True, slots=True)
class FieldMenus:
    """A menu for each role, by the attribute of `Fields`, and the box around them."""

    box: gr.Accordion
    menus: dict[str, gr.Dropdown]

    def outputs(self) -> list[Any]:
        """What `updates` changes."""
        return [self.box, *self.menus.values()]

    def updates(self, understood: Understood[Any], language: Language, by_hand: bool = False) -> dict[Any, Any]:
        """The menus filled with the names of an input; the box opens by itself where a choice is needed.

        Args:
            by_hand: whether a person just chose, so that the box stays open.
        """
        names = understood.names
        entries = [(w.FIELD_AUTO.to(language), ""), *((name, name) for name in names)]
        visible = bool(names)
        box = gr.Accordion(visible=visible) if by_hand else gr.Accordion(visible=visible, open=understood.is_open)
        return {self.box: box} | {
            menu: gr.Dropdown(choices=entries, value=getattr(understood.fields, role))
            for role, menu in self.menus.items()
        }

    def chosen(self, values: Sequence[str | None]) -> dict[str, str]:
        """The values of the menus by their roles."""
        return {role: value or "" for role, value in zip(self.menus, values, strict=True)}

    def on_input(self, choose: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Calls `choose` with the inputs and the values of the menus when one of them is used."""
        menus = list(self.menus.values())
        gr.on(
            [menu.input for menu in menus],
            choose,
            [*inputs, *menus],
            list(outputs),
            trigger_mode="always_last",
            **QUICK,
        )


def build_field_menus(roles: Roles, elem_id: str, label: w.Labels) -> FieldMenus:
    """Makes the menus, hidden until an input has fields."""
    with gr.Accordion(label(w.FIELDS), open=False, visible=False, elem_id=elem_id) as box:
        menus = {
            role: gr.Dropdown([("", "")], value="", label=label(name), elem_id=f"{elem_id}-{role}")
            for role, name in roles
        }
    return FieldMenus(box, menus)
