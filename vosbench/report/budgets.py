"""What a budget buys: who is unbeaten, and the best J&F that costs no more. Measured
cells alone; nothing is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass

from vosbench.report import pareto
from vosbench.report.costs import Beside
from vosbench.report.formats import giga, mebi, percent
from vosbench.report.overview import costs_of
from vosbench.report.runs import Run
from vosbench.report.scores import Scores
from vosbench.report.tabular import Column, Row, Table

BUDGETS = {"state_bytes": "state", "read_macs": "multiply-adds"}  # cost -> word


@dataclass(frozen=True)
class Offer:
    """A run with its J&F and what it costs; costs that were not measured are left out."""

    run: Run
    jf: float
    costs: dict[str, float]
    competes: bool


def offers(scores: Scores, beside: Beside) -> list[Offer]:
    """Every run over all sequences, best J&F first."""
    found, rivals = [], scores.competing()
    for run in scores.ranked():
        known = costs_of(run.label, beside)
        costs = {k: x for k in BUDGETS if isinstance(x := known.get(k), float)}
        found.append(Offer(run, scores.total(run)["J&F"], costs, run in rivals))
    return found


def front(offered: list[Offer], cost: str) -> set[Run]:
    """Runs on the Pareto front of J&F and a cost, of those that compete."""
    known = ((o.run, o.costs[cost], o.jf) for o in offered if o.competes and cost in o.costs)
    return {run for run, _, _ in pareto.front(known)}


def marks(scores: Scores, beside: Beside) -> dict[str, set[Run]]:
    """Word of a cost -> the runs on its front, for figures; without those measured once alone."""
    offered = offers(scores, beside)
    known = {cost: sum(cost in o.costs for o in offered) for cost in BUDGETS}
    return {BUDGETS[cost]: front(offered, cost) for cost in BUDGETS if known[cost] > 1}


def table(scores: Scores, beside: Beside, name: str) -> Table | None:
    """For each run, the best J&F for no more state, and for no more multiply-adds of a read.

    As on a front, what does not compete is nobody's best.
    """
    offered = offers(scores, beside)
    own = [offer for offer in offered if offer.competes]
    measured = [cost for cost in BUDGETS if sum(cost in o.costs for o in offered) > 1]
    if not (measured and own):
        return None
    fronts = {cost: front(offered, cost) for cost in measured}
    columns = [Column("method", "Method", text=True), Column("jf", "J&F", "%", percent)]
    for cost in measured:
        columns += _columns(cost, beside)
    columns.append(Column("front", "Unbeaten in J&F and", text=True))
    rows = [_row(offer, own, fronts) for offer in offered if offer.costs]
    notes = [
        "Best for no more: the highest J&F among ranked methods that cost at most as much as "
        "this one; itself where none is better. No number is interpolated.",
        "Unbeaten: no other ranked one has at least its J&F at no more of that cost.",
    ]
    if len(own) < len(offered):
        notes.append(
            "Not ranked: on swapped weights or untrained, beside methods with trained weights of "
            "their own. They are the best of no row, their own included, and on no front."
        )
    return Table(name, "Matched budgets", columns, rows, notes)


def _columns(cost: str, beside: Beside) -> list[Column]:
    costs = beside.growth if cost == "state_bytes" else beside.flops
    at = f" at t = {costs.common_t}" if costs else ""
    title, unit, show = ("State", "MiB", mebi) if cost == "state_bytes" else ("Read", "G MAC", giga)
    what = "state" if cost == "state_bytes" else "read"
    return [
        Column(cost, f"{title}{at}", unit, show),
        Column(f"{cost}:best", f"Best for no more {what}", text=True),
        Column(f"{cost}:jf", "its J&F", f"%, {what}", percent),
    ]


def _row(offer: Offer, own: list[Offer], fronts: dict[str, set[Run]]) -> Row:
    on = [BUDGETS[cost] for cost, runs in fronts.items() if offer.run in runs]
    rest = "neither" if offer.competes else "not ranked"
    row: Row = {"method": offer.run.title, "jf": offer.jf, "front": ", ".join(on) or rest}
    for cost in fronts:
        budget = offer.costs.get(cost)
        if budget is None:
            continue
        row[cost] = budget
        within = [o for o in own if o.costs.get(cost, float("inf")) <= budget]
        if within:
            best = max(within, key=lambda o: (o.jf, o is offer))
            row |= {f"{cost}:best": best.run.title, f"{cost}:jf": best.jf}
    return row
