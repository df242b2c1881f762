"""Names and notes of claims. They stand beside the hypothesis and are no part of it: naming a claim scrubs nothing again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from .errors import ScrubError
from .hypothesis import Hypothesis

MOST_NAME = 80
MOST_NOTE = 4000


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person calls something.

    Attributes
    ----------
    name : str
        A few words on one line.
    note : str
        As long as a note is.
    """

    name: str = ""
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.note)

    def with_(self, name: object = None, note: object = None) -> Label:
        """With another name or note; None leaves it, an empty one removes it.

        Raises
        ------
        ScrubError
            Not text, or longer than a label is.
        """
        new = self
        if name is not None:
            new = msgspec.structs.replace(new, name=_text("name", name, MOST_NAME))
            if len(new.name.splitlines()) > 1:
                raise ScrubError("a name stands on one line; what is longer is a note.")
        if note is not None:
            new = msgspec.structs.replace(new, note=_text("note", note, MOST_NOTE))
        return new


UNNAMED = Label()

Labels = Mapping[str, Label]
"""Claim id to its label; claims without one are not in it. Never changed in place."""

NONE: Labels = MappingProxyType({})


def _text(what: str, value: object, most: int) -> str:
    if not isinstance(value, str):
        raise ScrubError(f"a {what} is text, not {value!r}.")
    text = value.strip()
    if len(text) > most:
        raise ScrubError(f"a {what} has at most {most:,} characters; this one has {len(text):,}.")
    return text


def labelled(labels: Labels, hypothesis: Hypothesis, claim_id: str, name: object = None, note: object = None) -> Labels:
    """With another name or note for a claim; a HypothesisError if there is no such claim."""
    _ = hypothesis[claim_id]
    return _frozen({**labels, claim_id: labels.get(claim_id, UNNAMED).with_(name, note)})


def kept(labels: Labels, hypothesis: Hypothesis) -> Labels:
    """Without the labels of claims that are gone."""
    ids = {claim.id for claim in hypothesis}
    return labels if ids.issuperset(labels) else _frozen({key: labels[key] for key in labels if key in ids})


def placed(labels: Labels, where: Mapping[str, str]) -> Labels:
    """Following claims to other ids, each as ``where`` says."""
    return _frozen({where.get(key, key): label for key, label in labels.items()})


def moved(labels: Labels, old: str, new: str) -> Labels:
    """Following a claim, and what stands under it, to another id."""
    return _frozen({_renamed(key, old, new) or key: label for key, label in labels.items()})


def grouped(labels: Labels, members: Sequence[str], group: str) -> Labels:
    """Those of the members together are the group's; what stood under a member stands under the group."""
    found = [labels[key] for key in members if key in labels]
    names = dict.fromkeys(label.name for label in found if label.name)
    notes = dict.fromkeys(label.note for label in found if label.note)
    own = Label(" + ".join(names)[:MOST_NAME], "\n".join(notes)[:MOST_NOTE])
    rest = {key: label for key, label in labels.items() if key not in members}
    for member in members:
        rest = {_renamed(key, member, group) or key: label for key, label in rest.items()}
    return _frozen({**rest, group: own})


def ungrouped(labels: Labels, group: str, members: Sequence[str]) -> Labels:
    """Each member has the label of the group, and what stood under it."""
    found: dict[str, Label] = {}
    for key, label in labels.items():
        targets = [_renamed(key, group, member) for member in members]
        found.update({target or key: label for target in targets})
    return _frozen(found)


def read_labels(body: Any) -> Labels:
    """The labels of an exported session; files from before have none.

    Raises
    ------
    ScrubError
        They are not well formed.
    """
    try:
        found = msgspec.convert({} if body is None else body, dict[str, Label])
    except msgspec.ValidationError as error:
        raise ScrubError(f"this session's labels are not well formed: {error}.") from None
    return _frozen({key: UNNAMED.with_(label.name, label.note) for key, label in found.items()})


def write_labels(labels: Labels) -> dict[str, Any]:
    """As plain JSON values."""
    return {key: msgspec.to_builtins(labels[key]) for key in sorted(labels)}


def _renamed(key: str, old: str, new: str) -> str | None:
    """The id that a claim at or under ``old`` has once that is called ``new``; None for other claims."""
    if key == old or key.startswith((f"{old}>", f"{old}.")):
        return new + key[len(old) :]
    return None


def _frozen(labels: dict[str, Label]) -> Labels:
    return MappingProxyType({key: label for key, label in labels.items() if label})
