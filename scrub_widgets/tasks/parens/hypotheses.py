"""The published hypotheses about a balance checker, adapted to what the heads of this model do.

Redwood's model and this one have the same shape and the same task, and divide the work alike: one head counts, one looks
for a place where the horizon is broken, and what they say meets at the first position. They differ in where:

==========================  ===========================  ====================================================
role                        Redwood's model              this model
==========================  ===========================  ====================================================
writes open proportion p    0.0, at position 1           a0.h0 and a0.h1, at every position
counts                      1.0 and 2.0                  a1.h0; it averages over all positions
checks the horizon          2.1                          a1.h1, and a little a0.h1; looks from both sides
looks again at both         (none)                       a2.h0 and a2.h1
answers                     the heads' direct paths      the MLPs m1 and m2, from what the heads wrote there
==========================  ===========================  ====================================================
"""

from __future__ import annotations

from ...hypothesis import Hypothesis

COUNTER = "a1.h0"
SEEKER = "a1.h1"
SECOND_LOOK = ("a2.h0", "a2.h1")
EARLY = "a0.h1"
PROPORTION = ("a0.h0", "a0.h1")

DESCRIPTIONS = {
    "1a": "a1.h0 only knows whether there are as many opens as closes, a1.h1 and a0.h1 only whether the horizon holds, the heads "
    "of layer 2 only whether both do. Redwood's 1a speaks of direct paths into the output; here the MLPs make the answer of what "
    "the heads wrote at the first position, so the claims are about all paths from there.",
    "1b": "As 1a, but a1.h0 may also know whether the string starts open, as Redwood's 1.0 and 2.0 do.",
    "2a": "As 1b, and all that a1.h0 knows comes, through its value, from the two heads of layer 0, which only know the open "
    "proportion of strings that start open. Redwood's 1.0 and 2.0 read that at position 1 alone, off one head and the embedding; "
    "this model's a1.h0 averages over all positions.",
    "2b": "As 2a, and all that is read there of the heads of layer 0 is phi(p) = v (2p - 1): a line, on which p says where.",
    "3a": "As 1b, and a1.h1 makes its verdict of five classes of position: padding, end after an open or a close, too many opens "
    "from here on or not. Redwood's 3a.",
    "3b": "As 3a, with classes that look both ways: too many opens from here on, too many closes up to here, which parenthesis "
    "it is, and which of the two the string has more of. Redwood's 3b keeps one side and weighs it as its head 0.0 attends.",
    "4": "2b and 3b together.",
}
"""What each hypothesis claims, in words, and how it differs from the published one."""


def top(count_rule: str = "count and starts open", early: tuple[str, ...] = (EARLY,)) -> tuple[Hypothesis, str, str]:
    """What the answer is made of: the hypothesis, and the ids of the counting claim and of the horizon claim."""
    h, counter = Hypothesis().claim(COUNTER, rule=count_rule, paths="all", positions=[0])
    h, seeker = h.claim(SEEKER, rule="horizon", paths="all", positions=[0])
    h, _ = h.claim(early, rule="horizon", paths="all", positions=[0])
    for head in SECOND_LOOK:
        h, _ = h.claim(head, rule="balanced", paths="all", positions=[0])
    return h, counter, seeker


def with_proportion(h: Hypothesis, counter: str, writers: tuple[str, ...] = PROPORTION) -> Hypothesis:
    """The counting head's value comes from the open proportion, as the heads of layer 0 (or parts of them) write it."""
    return h.claim(writers, under=f"{counter}.v", rule="open proportion if it starts open", paths="all")[0]


def with_classes(h: Hypothesis, seeker: str, rule: str) -> Hypothesis:
    """The horizon head's whole input, position by position: one donor for each, the same for its three ports."""
    for port in "qkv":
        h, _ = h.claim("*", under=f"{seeker}.{port}", rule=rule, share="positions")
    return h


def ready_made(rewritten: bool = False) -> dict[str, Hypothesis]:
    """The hypotheses by name; 2b and 4 speak of phi, so they need the heads of layer 0 rewritten.

    Parameters
    ----------
    rewritten : bool
        Whether those heads are written as ``[phi]`` and ``[rest]``: then the others claim both parts together.
    """
    parts = ("[phi]", "[rest]") if rewritten else ("",)
    early = tuple(EARLY + part for part in parts)
    writers = tuple(head + part for head in PROPORTION for part in parts)
    h, counter, seeker = top(early=early)
    found = {
        "1a": top("count", early)[0],
        "1b": h,
        "2a": with_proportion(h, counter, writers),
        "3a": with_classes(h, seeker, "horizon class"),
        "3b": with_classes(h, seeker, "two-sided class"),
    }
    if rewritten:
        found["2b"] = with_proportion(h, counter, tuple(f"{head}[phi]" for head in PROPORTION))
        found["4"] = with_classes(found["2b"], seeker, "two-sided class")
    return {name: found[name] for name in sorted(found)}
