"""The one sentence on top: who wins, at what cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vosbench.report import control, ratios, uncounted
from vosbench.report.costs import Beside
from vosbench.report.formats import (
    counted,
    percent,
    probability,
    signed_percent,
    significant,
    with_prefix,
)
from vosbench.report.growing import endings
from vosbench.report.overview import costs_of
from vosbench.report.runs import Difference, Run
from vosbench.report.scores import Scores
from vosbench.results import CONTROL


@dataclass(frozen=True)
class Headline:
    """A title, and short sentences under it. `warning` stands in sight of both."""

    title: str
    sentences: tuple[str, ...]
    warning: str


def headline(scores: Scores | None, beside: Beside) -> Headline:
    """Accuracy first where weights are trained; with untrained weights, cost alone."""
    if scores is None:
        return Headline(cost_title(beside) or NOTHING, tuple(cost_sentences(beside)), "")
    ranked = [run for run in scores.competing() if not run.untrained]
    warning = " ".join(filter(None, [*_warnings(scores, ranked), control.warning(scores, ranked)]))
    added = control.sentences(scores, ranked)
    if not ranked:
        title = cost_title(beside) or _nothing(scores)
        return Headline(title, tuple(cost_sentences(beside)), warning)
    best, score = ranked[0], percent(scores.total(ranked[0])["J&F"])
    if len(ranked) == 1:
        title = f"{best.name}: {score} J&F on {scores.setting.dataset}"
        return Headline(title, (*added, *cost_sentences(beside)), warning)
    found = [d for d in scores.against_best if d.first == best and d.second in ranked][:3]
    title = _title(best, ranked[1], found[0] if found else None, beside)
    said = [sentence(scores, d) for d in found] + added + cost_sentences(beside)
    return Headline(title, tuple(said), warning)


NOTHING = "No methods compared yet"
SWAPPED = (
    "Swapped weights: no memory here ran with weights that were trained with it. J&F says how well "
    "each serves another's network, not what it reaches when it is trained."
)


def _warnings(scores: Scores, ranked: list[Run]) -> Iterator[str]:
    yield scores.unfinished
    untrained = [run.label for run in scores.runs if run.untrained]
    if untrained:
        which = f" ({', '.join(untrained)})" if len(untrained) < len(scores.runs) else ""
        yield (
            f"Untrained weights{which}: J and F here show that the pipeline runs. They are not "
            "accuracy."
        )
    if ranked and ranked[0].swapped:
        yield SWAPPED


def _nothing(scores: Scores) -> str:
    if all(run.untrained for run in scores.runs):
        return "Untrained weights: no accuracy to compare"
    return NOTHING


def _title(best: Run, second: Run, difference: Difference | None, beside: Beside) -> str:
    price = _price(best, second, beside)
    if difference is None:
        return f"{best.name} is ahead of {second.name} on the one sequence measured{price}"
    if not difference.clear:
        return f"{best.name} and {second.name} cannot be told apart in J&F{price}"
    return f"{best.name} leads {second.name} by {100 * difference.mean:.1f} points J&F{price}"


def _price(best: Run, second: Run, beside: Beside) -> str:
    """Who is faster and by how much, as a clause; "" where not both were timed."""
    speed = beside.speed
    if speed is None or not all(speed.at(run.label, "fps", None) for run in (best, second)):
        return ""
    times = ratios.times_as_fast(speed, best.label, second.label)
    if times is None:
        return ", at a speed that cannot be told apart"
    faster = best if times > 1 else second
    return f"; {faster.name} is {significant(max(times, 1 / times), 2)}× as fast"  # noqa: RUF001


def sentence(scores: Scores, d: Difference) -> str:
    """One comparison with its interval, in words."""
    one, two = (percent(scores.total(run)["J&F"]) for run in (d.first, d.second))
    return (
        f"J&F {one} ({d.first.title}) against {two} ({d.second.title}). Difference "
        f"{signed_percent(d.mean)}, 95 % interval {signed_percent(d.low)} to "
        f"{signed_percent(d.high)} over {counted(d.sequences, 'sequence')}, "
        f"Holm-corrected p {probability(d.p)}{_verdict(d)}."
    )


def _verdict(d: Difference) -> str:
    """Why a difference is noise, or is none, where its interval alone says otherwise: p decides."""
    if d.clear:
        return "" if d.low * d.high > 0 else ": clear of noise, though the interval holds 0"
    if d.low * d.high > 0:
        return ", above 0.05: not clear of noise, though the interval leaves 0 out"
    return ": not clear of noise"


_WORDS = (  # key, attribute of Beside, what the cheapest does, the better end, unit
    ("read_macs", "flops", "A read takes", min, "multiply-adds"),
    ("state_bytes", "growth", "State between frames takes", min, "B"),
    ("temporary_bytes", "growth", "A read's temporary memory is", min, "B"),
    ("fps", "speed", "Speed is", max, "frames per second"),
)


def cost_sentences(beside: Beside) -> list[str]:
    """For every cost, the best and the worst of the methods."""
    found = []
    for key, harness, words, better, unit in _WORDS:
        known = _known(beside, key)
        if not known:
            continue
        best = better(known, key=lambda x: known[x])
        worst = (max if better is min else min)(known, key=lambda x: known[x])
        costs = getattr(beside, harness)
        at = "" if harness == "speed" else f" at t = {costs.common_t}"
        left = uncounted.products(costs, best, costs.common_t) if key == "read_macs" else []
        mark = f"; {', '.join(left)} not counted" if left else ""
        said = f"{words} {with_prefix(known[best], unit)} ({best}{at}{mark})"
        if best != worst:
            said += f" against {with_prefix(known[worst], unit)} ({worst})"
            if harness == "speed" and not ratios.ahead(costs, best, worst):
                said += ": not clear of noise"
        found.append(said + ".")
    found += ratios.sentences(beside.speed)
    return found + endings(beside.growth, *beside.elsewhere)


def _known(beside: Beside, key: str) -> dict[str, float]:
    """A cost of every method that has it; the control's is that of no memory."""
    labels = [label for label in beside.labels if label != CONTROL]
    costs = {label: costs_of(label, beside).get(key) for label in labels}
    return {label: value for label, value in costs.items() if isinstance(value, float)}


def cost_title(beside: Beside) -> str:
    """The cheapest read against the dearest, or the fastest against the slowest."""
    for key, what in (("read_macs", "reads with {}× fewer multiply-adds than"),  # noqa: RUF001
                      ("state_bytes", "keeps {}× fewer bytes than"),  # noqa: RUF001
                      ):  # fmt: skip
        known = {x: v for x, v in _known(beside, key).items() if v > 0}
        if len(known) < 2:
            continue
        low, high = min(known, key=lambda x: known[x]), max(known, key=lambda x: known[x])
        costs = beside.flops if key == "read_macs" else beside.growth
        if known[high] > 1.05 * known[low] and costs is not None:
            ratio = significant(known[high] / known[low], 2)
            return f"{low} {what.format(ratio)} {high} at t = {costs.common_t}"
    return ""
