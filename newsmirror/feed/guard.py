"""Is a run to be believed? A pure judgement over how much it found."""

from collections.abc import Sequence
from statistics import median


def judge(
    found: int, last_found: list[int], close_reason: str, unwalked: Sequence[str] = ()
) -> tuple[bool, list[str]]:
    """Return whether a run is complete, and why it is not.

    `found` is how many articles it found, `last_found` what the last complete runs on the same start did;
    `unwalked` says of what was not walked to its end why.
    """
    reasons = []
    if close_reason != "finished":
        reasons.append(f"the run ended early: {close_reason}")
    if found == 0:
        reasons.append("no article was found: has the site changed, or does it refuse to answer?")
    elif last_found and found * 2 < median(last_found):
        reasons.append(
            f"{found} articles were found, under half of the {median(last_found):g} of the last complete runs"
        )
    reasons += unwalked
    return not reasons, reasons
