"""Regular expressions on many texts, with an end: a search runs in a process of its own that can be stopped.

Python's matching cannot be interrupted from outside and keeps every other thread waiting, so a pattern such as ``(a+)+$`` would
stop the whole kernel. Where no process can be started (a kernel inside a browser), the search runs here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import RuleError

LIMIT = 3.0
"""Seconds: two thousand texts take a hundredth of one."""
LONGEST = 1000
MATCHED_NOTHING = "no match"
KEEP = 32
"""Patterns whose matches are remembered."""

PROGRAM = """
import json, re, sys
pattern, texts = json.load(sys.stdin)
found = re.compile(pattern).search
out = []
for text in texts:
    m = found(text)
    out.append(m and [m.group(), list(m.groups()), [list(m.span(i)) for i in range(1, len(m.groups()) + 1)] or [list(m.span())]])
json.dump(out, sys.stdout)
"""


@dataclass(frozen=True)
class Found:
    """Where a pattern matched a text first.

    Attributes
    ----------
    text : str
        The whole match.
    groups : tuple
        Of the pattern's groups, if it has any.
    spans : tuple of (int, int)
        Characters that make the label: those of the groups, else of the match.
    """

    text: str
    groups: tuple[str | None, ...]
    spans: tuple[tuple[int, int], ...]


def labels_of(found: Sequence[Found | None]) -> list[str]:
    """A label for each text: the groups, else the match."""
    return [MATCHED_NOTHING if one is None else repr(one.groups or one.text) for one in found]


_known: OrderedDict[str, dict[str, Found | None]] = OrderedDict()


def find_all(pattern: str, texts: Sequence[str]) -> list[Found | None]:
    """The first match in each text.

    Parameters
    ----------
    pattern : str
        Of Python's :mod:`re`.
    texts : sequence of str
        Where to look.

    Raises
    ------
    RuleError
        No regular expression, a very long one, or one that does not end within :data:`LIMIT` seconds.
    """
    if len(pattern) > LONGEST:
        raise RuleError(f"a pattern has at most {LONGEST} characters; this one has {len(pattern)}.")
    known = _known.setdefault(pattern, {})
    new = list(dict.fromkeys(text for text in texts if text not in known))
    if new:
        try:
            known.update(zip(new, _found(_run(pattern, new)), strict=True))
        except RuleError:
            _known.pop(pattern, None)
            raise
    while len(_known) > KEEP:
        _known.popitem(last=False)
    return [known[text] for text in texts]


def _run(pattern: str, texts: Sequence[str]) -> list[Any]:
    try:
        ran = subprocess.run(
            [sys.executable, "-I", "-S", "-c", PROGRAM],
            input=json.dumps([pattern, texts]),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuleError(
            f"/{pattern}/ did not end within {LIMIT:g} seconds on {len(texts)} inputs; patterns with a repetition inside a "
            "repetition, such as (a+)+, can take forever."
        ) from None
    except OSError:  # no processes here
        return _search(pattern, texts)
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or ["it could not be searched for"])[-1]
        raise RuleError(f"/{pattern}/ is no regular expression: {last.partition(': ')[2] or last}.")
    rows: list[Any] = json.loads(ran.stdout)
    return rows


def _search(pattern: str, texts: Sequence[str]) -> list[Any]:
    try:
        search = re.compile(pattern).search
    except (re.error, OverflowError, RecursionError) as error:
        raise RuleError(f"/{pattern}/ is no regular expression: {error}.") from None
    found: list[Any] = []
    for text in texts:
        m = search(text)
        spans = [] if m is None else [m.span(i) for i in range(1, len(m.groups()) + 1)] or [m.span()]
        found.append(m and [m.group(), list(m.groups()), spans])
    return found


def _found(rows: Sequence[Any]) -> list[Found | None]:
    return [None if r is None else Found(r[0], tuple(r[1]), tuple((a, b) for a, b in r[2])) for r in rows]
