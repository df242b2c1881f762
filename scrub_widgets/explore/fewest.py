"""A smallest set that is enough, found by halving: what a sweep misses because one part stands in for another. No torch, no data."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

from ..errors import ScrubError

Ask = TypeVar("Ask")


class TooMany(ScrubError):  # noqa: N818 - it ends a search, it is no error of anyone's
    """More are needed than there is room for."""


def fewest(
    names: Sequence[str], room: int, chosen: tuple[str, ...] = (), *, known: bool = False
) -> Generator[tuple[str, ...], bool, tuple[str, ...]]:
    """Names without which the rest is not enough; no name among them can be left out.

    Asks (yields a set of names) "would these be enough?" and is sent the answer. Takes about ``2 k log(n / k)`` questions where k of n
    are needed (QuickXplain; Junker 2004). Exact where more is never worse; where it is, the set is enough all the same.

    Parameters
    ----------
    names : sequence of str
        The preferred ones first.
    room : int
        At most so many.
    chosen : tuple of str
        Assumed besides.
    known : bool
        Whether it is known already that ``chosen`` is not enough.

    Raises
    ------
    TooMany
        More than ``room`` are needed.
    """
    if not known and (yield chosen):
        return ()
    if not names:
        return ()
    if len(names) == 1:
        if room < 1:
            raise TooMany(f"more senders are needed than there is room for, besides {', '.join(chosen) or 'none'}.")
        return (names[0],)
    middle = (len(names) + 1) // 2
    first, second = tuple(names[:middle]), tuple(names[middle:])
    of_second = yield from fewest(second, room, chosen + first)
    of_first = yield from fewest(first, room - len(of_second), chosen + of_second, known=not of_second)
    return of_first + of_second
