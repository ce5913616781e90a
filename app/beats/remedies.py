"""What would have to give where a rep has no time for every visit that is due: each remedy is tried on the simulated
days before it is named."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from statistics import multimode
from uuid import UUID

from app.beats.days import Days, shifts_of, stop_booked, stop_of
from app.beats.dues import Due, booked_days, due_days, due_of, first_dues, gap_of, shifts_around
from app.beats.rules import OUT_OF_ROOM, Asked, Missing, Remedy, RemedyKind, RepDraft, RepWork, Shortfall
from app.planning.rules import Stop, Travel, arrivals
from app.planning.solver import best_days, order_of

NEAR = 30 * 60  # seconds of driving that a visit adds to the day of another rep, at most
_STEPS = (1.25, 1.5, 2.0)  # how much less often is tried
_MOST_MORE = 4  # visits more a day
_MOST_DAYS, _MOST_LOOKED = 10, 60  # more days, and visits for each that one chooses from
_MOST_TRIES = 300  # simulated days for each remedy: a second
_QUICK = 0.03  # seconds of work for each engine


def shortfall(
    work: RepWork, asked: Asked, days: Days, unmade: Sequence[Due], missing: Sequence[Missing]
) -> Shortfall | None:
    """What is short by how much, and what helps; None where there was time for everything. `unmade` are those of the
    missing visits for which there are days."""
    short = [each for each in missing if each.reason in OUT_OF_ROOM]
    if not short:
        return None
    short_of = {(each.account_id, each.wanted_on) for each in short}
    unmade = [due for due in unmade if (due.customer.account_id, due.due_on) in short_of]
    unmade.sort(key=lambda due: (-due.customer.value, due.due_on, due.customer.account_id))
    minutes = {customer.account_id: customer.minutes for customer in work.customers}
    made = sum(len(run.stops) for run in days.runs.values())
    way = sum(run.travel_seconds for run in days.runs.values()) / 60 / made if made else 0.0
    found = [*_less_often(work, asked, days, unmade), *_more_visits(work, days, unmade), *_more_days(days, unmade)]
    return Shortfall(
        len(short),
        round(sum(minutes[each.account_id] + way for each in short)),
        tuple(sorted(found, key=lambda remedy: -remedy.gains)),
    )


def _put_in(days: Days, dues: Sequence[Due]) -> int:
    """For how many of them the days have room, as far as one looks."""
    return sum(days.tries < _MOST_TRIES and days.put_in(due.customer, due.days) for due in dues)


def _less_often(work: RepWork, asked: Asked, days: Days, unmade: Sequence[Due]) -> Iterator[Remedy]:
    """Each class with a longer rhythm: the first that helps everybody, else the one that helps most."""
    for rating in sorted({customer.rating for customer in work.customers}, reverse=True):
        rhythms = multimode(customer.every_days for customer in work.customers if customer.rating == rating)
        before = min(rhythms)
        found = []
        for step in _STEPS:
            amount = before + max(7, 7 * round((step - 1) * before / 7))
            gains = _gains(work, asked, days.copy(), unmade, rating, before, amount)
            found.append(Remedy(RemedyKind.LESS_OFTEN, gains, amount, before, rating))
            if gains == len(unmade):
                break
        best = max(found, key=lambda remedy: (remedy.gains, -remedy.amount))
        if best.gains:
            yield best


def _gains(
    work: RepWork, asked: Asked, days: Days, unmade: Sequence[Due], rating: str, before: int, amount: int
) -> int:
    """How many of the missing visits are made, or no longer wanted, where a class has another rhythm."""
    changed = {
        customer.account_id: replace(customer, every_days=amount)
        for customer in work.customers
        if customer.rating == rating and customer.every_days == before
    }
    was = first_dues(work.customers, asked)
    now = first_dues([changed.get(customer.account_id, customer) for customer in work.customers], asked)
    booked = booked_days(work)
    missing = Counter(due.customer.account_id for due in unmade)
    spared: Counter[object] = Counter()
    for customer in work.customers:
        account = customer.account_id
        if account in changed:
            own = booked[account]
            fewer = len(due_days(customer, was[account], own, asked))
            fewer -= len(due_days(changed[account], now[account], own, asked))
            spared[account] = min(max(fewer, 0), missing[account])
            for day in sorted(days.on(account), reverse=True)[: max(fewer, 0) - spared[account]]:
                days.take_out(account, day)
    rest = []
    for due in unmade:
        if spared[due.customer.account_id]:
            spared[due.customer.account_id] -= 1
        else:
            rest.append(due)
    return len(unmade) - len(rest) + _put_in(days, rest)


def _more_visits(work: RepWork, days: Days, unmade: Sequence[Due]) -> Iterator[Remedy]:
    """More visits a day, where there is a limit."""
    if work.most_visits is None:
        return
    best = Remedy(RemedyKind.MORE_VISITS, 0, work.most_visits, work.most_visits)
    for more in range(1, _MOST_MORE + 1):
        amount = work.most_visits + more
        wider = days.copy()
        wider.shifts = {day: replace(shift, most_stops=amount) for day, shift in days.shifts.items()}
        gains = _put_in(wider, unmade)
        if gains <= best.gains:
            break
        best = replace(best, gains=gains, amount=amount)
    if best.gains:
        yield best


def _more_days(days: Days, unmade: Sequence[Due]) -> Iterator[Remedy]:
    """Further days like those that are worked, each as full as it gets."""
    waiting = {
        (due.customer.account_id, due.due_on): (due, free)
        for due in unmade
        if (free := days.apart(due.customer, due.days))
    }
    more = gains = 0
    while waiting and more < _MOST_DAYS:
        counts = Counter(day for _, free in waiting.values() for day in free)
        day = min(counts, key=lambda day: (-counts[day], day))
        here = {due.customer.account_id: key for key, (due, free) in waiting.items() if day in free}
        looked = list(here.values())[:_MOST_LOOKED]
        stops = [stop_of(waiting[key][0].customer, [day], days.shifts, 1) for key in looked]
        run = best_days(stops, [days.shifts[day]], days.travel, _QUICK).runs[0]
        if not run.stops:
            break
        more, gains = more + 1, gains + len(run.stops)
        for stop in order_of(run):
            gap = gap_of(waiting.pop(here[stop.id])[0].customer.every_days)
            for key in [key for key in waiting if key[0] == stop.id]:
                due, free = waiting.pop(key)
                if free := [other for other in free if abs((other - day).days) >= gap]:
                    waiting[key] = due, free
    if gains:
        yield Remedy(RemedyKind.MORE_DAYS, gains, more)


# --- Among the reps of a team ----------------------------------------------------------------------------------------


def with_other_reps(
    works: Sequence[RepWork], drafts: Sequence[RepDraft], asked: Asked, travel: Travel
) -> tuple[RepDraft, ...]:
    """The drafts, their shortfalls with what the other reps have time for, near their own ways. `travel` has to know
    the positions of the whole team; nobody's spare time is promised twice."""
    team = {
        draft.rep_id: (work, days_of(work, draft, asked, travel)) for work, draft in zip(works, drafts, strict=True)
    }
    found = {draft.rep_id: draft for draft in drafts}
    for draft in sorted(drafts, key=lambda draft: (-(draft.shortfall.visits if draft.shortfall else 0), draft.rep_id)):
        if draft.shortfall is not None:
            more = list(_by_others(draft, team[draft.rep_id][0], asked, team))
            remedies = sorted((*draft.shortfall.remedies, *more), key=lambda remedy: -remedy.gains)
            found[draft.rep_id] = replace(draft, shortfall=replace(draft.shortfall, remedies=tuple(remedies)))
    return tuple(found.values())


def days_of(work: RepWork, draft: RepDraft, asked: Asked, travel: Travel) -> Days:
    """The days of a draft, simulated again."""
    shifts, own = shifts_of(work, asked)
    customers = {customer.account_id: customer for customer in work.customers}
    booked = {visit.visit_id: visit for visit in work.booked}
    orders: dict[date, list[Stop]] = {day: [] for day in shifts}
    for visit in draft.visits:
        shift = shifts[visit.day]
        orders[visit.day].append(
            stop_of(customers[visit.account_id], [visit.day], shifts, 1)
            if visit.booked is None
            else stop_booked(booked[visit.booked], shift)
        )
    runs = {day: arrivals(order, shifts[day], travel=travel) for day, order in orders.items()}
    return Days(runs, shifts, own, travel)


def _by_others(
    draft: RepDraft, work: RepWork, asked: Asked, team: Mapping[UUID, tuple[RepWork, Days]]
) -> Iterator[Remedy]:
    """How many of the missing visits each of the others could make, whoever has most spare time first."""
    customers = {customer.account_id: customer for customer in work.customers}
    short = [each for each in draft.missing if each.reason in OUT_OF_ROOM and each.account_id in customers]
    short.sort(key=lambda each: (-customers[each.account_id].value, each.wanted_on, each.account_id))
    booked, mine = booked_days(work), team[draft.rep_id][1]
    others = [(other, days) for other, (_, days) in team.items() if other != draft.rep_id]
    for other, days in sorted(others, key=lambda each: (-each[1].spare_seconds, each[0])):
        around = shifts_around(team[other][0], asked)
        rest = []
        for each in short:
            customer = customers[each.account_id]
            is_new = customer.last_on is None and not mine.on(each.account_id)
            due = due_of(customer, each.wanted_on, is_new, booked[each.account_id], asked, around)
            free = mine.apart(customer, due.days) if isinstance(due, Due) and days.tries < _MOST_TRIES else []
            if not days.put_in(customer, free, NEAR):
                rest.append(each)
        if len(rest) < len(short):
            yield Remedy(RemedyKind.OTHER_REP, len(short) - len(rest), len(short) - len(rest), rep_id=other)
        short = rest
