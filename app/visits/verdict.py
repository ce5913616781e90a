"""The verdict of a check-in: was the rep at the place (rules.judge), and can the fix be what it says (plausibility)?

One reason makes the verdict, any number of others stand beside it, and each has its sentence. Nothing here blocks
anybody. In the rep's favour: only a fix that contradicts what the same phone sent before makes ON_SITE doubtful, a late
arrival never does, and a photo says something about the photo alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from app.kernel.i18n import N_
from app.visits import plausibility, rules
from app.visits.plausibility import LATE_AFTER, Reason
from app.visits.rules import Judgement, Verdict

# What stands beside the verdict -> msgid. Places: duration in whole seconds, written by the edge as people say it, and
# the number of a photo, and the rep's words.
_BESIDE = {
    "late_arrival": N_("It arrived %(duration)s later: the phone may have had no signal."),
    "clock_doubtful": N_("The phone's clock was wrong: the time of arrival counts."),
    "explained": N_("The rep says why: “%(words)s”"),
    "photo_used_before": N_("Photo %(number)s was kept with another visit before; %(duration)s lie between them."),
    "photo_looks_used": N_("Photo %(number)s looks the same as one of another visit; %(duration)s lie between them."),
}
SENTENCES: Mapping[str, str] = {
    **rules.REASONS,
    **{reason.value: text for reason, text in plausibility.REASONS.items() if reason is not Reason.STALE_FIX},
    **_BESIDE,
}
"""Every reason that a visit can show -> msgid of its sentence."""

_CONTRADICTS = {Reason.REPLAYED_FIX, Reason.FROZEN_FIX, Reason.CLOCK_WRONG, Reason.IMPOSSIBLE_SPEED}
_TOLD_OTHERWISE = {Reason.STALE_FIX, Reason.LATE_ARRIVAL}  # rules.judge knows the tap, and lateness is told below
_SAME_AS = {"accuracy_too_poor": Reason.TOO_COARSE, "fix_from_future": Reason.CLOCK_WRONG}
ALIKE = 3
"""Bits in which the difference hashes of one picture may differ: packing it anew, smaller or brighter turned three at
most, other scenes differed by 17 and more, the same shelf taken again by hand by 8 in the mean (measured on 60 scenes).
Up to three, one of the four quarters stays the same, and an index finds it."""


@dataclass(frozen=True, slots=True)
class Told:
    """A reason beside the one that made the verdict: a key of SENTENCES with the values for its places."""

    reason: str
    params: Mapping[str, int | str] = field(default_factory=dict)


def weigh(
    judgement: Judgement, findings: Iterable[plausibility.Finding], late: timedelta, *, clock_doubtful: bool = False
) -> tuple[Judgement, tuple[Told, ...]]:
    """The verdict with its main reason, and the further reasons.

    `findings`: of the fix among those of the same device; `late`: from the tap to its arrival; `clock_doubtful`: the
    phone told a time that cannot be.
    """
    found = [each for each in findings if each.reason not in (*_TOLD_OTHERWISE, _SAME_AS.get(judgement.reason))]
    beside = [Told(each.reason.value, each.params) for each in found]
    doubt = next((Told(each.reason.value, each.params) for each in found if each.reason in _CONTRADICTS), None)
    if doubt is not None and judgement.verdict is Verdict.ON_SITE:
        beside = [Told(judgement.reason, judgement.params), *(each for each in beside if each != doubt)]
        judgement = Judgement(Verdict.UNCERTAIN, judgement.distance_m, doubt.reason, doubt.params)
    if late > LATE_AFTER:
        beside.append(Told("late_arrival", {"duration": _seconds(late)}))
    if clock_doubtful and Reason.CLOCK_WRONG not in {each.reason for each in found}:
        beside.append(Told("clock_doubtful"))
    return judgement, tuple(beside)


def photo_told(*, same: bool, apart: timedelta) -> Told:
    """What is said of a photo that another visit has: the same file, or one that looks the same."""
    return Told("photo_used_before" if same else "photo_looks_used", {"duration": _seconds(abs(apart))})


def looks_alike(one: Iterable[int | None], other: Iterable[int | None]) -> bool:
    """Whether two difference hashes (in parts) are of one picture; None for a part says nothing."""
    pairs = list(zip(one, other, strict=True))
    return all(a is not None and b is not None for a, b in pairs) and (
        sum((a ^ b).bit_count() for a, b in pairs if a is not None and b is not None) <= ALIKE
    )


def _seconds(duration: timedelta) -> int:
    return duration // timedelta(seconds=1)
