"""What the page shows, in order: one section per accuracy setting, then what stands alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vosbench.report import (
    ablation,
    budgets,
    clocks,
    compared,
    counters,
    details,
    gallery,
    matched,
    mixed,
    paper,
    ratios,
    stated,
    table2,
)
from vosbench.report.contents import Page, Section
from vosbench.report.costs import STATED, Beside, Costs, all_costs, choose
from vosbench.report.evidence import Evidence
from vosbench.report.figures import accuracy, cost
from vosbench.report.figures.base import Figure, Palette
from vosbench.report.headline import headline
from vosbench.report.missing import missing
from vosbench.report.overview import results
from vosbench.report.pictures import strips
from vosbench.report.scores import Scores, all_scores
from vosbench.report.settings import Setting
from vosbench.report.tabular import Table


def build(evidence: Evidence, pictures: Path, moved: Table | None = None) -> Page:
    """The page of a store; whatever was not measured is left out and named under `missing`."""
    costs = {harness: all_costs(evidence, harness) for harness in ("flops", "growth", "speed")}
    scored = [
        (scores, _beside(costs, scores, all_growth=not i))
        for i, scores in enumerate(all_scores(evidence))
    ]
    first = scored[0] if scored else (None, _beside(costs, None, all_growth=True))
    palette = Palette(evidence.labels)
    sections = [_section(*pair, palette, _suffix(i)) for i, pair in enumerate(scored)]
    if not scored and first[1].labels:
        sections = [_section(None, first[1], palette, "")]
    rooms = matched.rooms(evidence)
    if rooms:
        sections.append(Section("Equal room", matched.ABOUT, matched.tables(rooms), []))
    sections += _other_costs(costs, [beside for _, beside in scored] or [first[1]], palette)
    known = [scores for scores, _ in scored]
    shown, left_out = strips(pictures, known)
    failed, failed_left_out = gallery.failures(pictures, known)
    films, films_left_out = gallery.films(pictures, known)
    beside_paper = [paper.beside(scores, beside.speed, f"published{_suffix(i)}")
                    for i, (scores, beside) in enumerate(scored)]  # fmt: skip
    stated_only = [c for c in all_costs(evidence, "scaling") if c.setting.protocol == STATED]
    every, further = {**costs, "scaling": stated_only}, counters.elsewhere(evidence)
    tables = [paper.table1(evidence), table2.table(costs, scored), *beside_paper]
    top, equal = headline(*first), tuple(room.sentence for room in rooms)
    return Page(
        headline=replace(top, sentences=(*equal, *top.sentences)),
        subtitle=_subtitle(evidence), sections=sections,
        published=[table for table in tables if table is not None],
        warnings=[*matched.warnings(rooms),
                  *mixed.warnings(known, [c for found in costs.values() for c in found]),
                  *counters.warnings(costs["flops"] + further),
                  *stated.warnings(costs["growth"])],
        details=[*counters.tables(costs["flops"], further), *details.cost_tables(every)],
        environment=details.environment(evidence), failures=details.failures(evidence),
        missing=missing(evidence, scored), against=moved, strips=shown, strips_left_out=left_out,
        failed_frames=failed, failed_frames_left_out=failed_left_out, films=films,
        films_left_out=films_left_out, key_maps=gallery.key_maps(pictures, known),
    )  # fmt: skip


def _beside(costs: dict[str, list[Costs]], scores: Scores | None, *, all_growth: bool) -> Beside:
    """The costs that fit; where methods end in every other setting too is said once, on top."""
    like = scores.setting if scores else None
    chosen = {harness: choose(found, like) for harness, found in costs.items()}
    others = [c for c in costs["growth"] if all_growth and c is not chosen["growth"]]
    return Beside(**chosen, elsewhere=others)


def _suffix(i: int) -> str:
    return f"-{i + 1}" if i else ""


def _section(scores: Scores | None, beside: Beside, palette: Palette, suffix: str) -> Section:
    like = scores.setting if scores else None
    if scores is None:
        table = results(None, beside, f"results{suffix}", "Results")
        tables = [table, *(t for t in _timed(beside, suffix) if t is not None)]
        drawn = _costs(beside, palette, suffix, like)
        return Section("Cost", "No accuracy was measured.", tables, drawn)
    dataset = scores.setting.dataset
    untrained = all(run.untrained for run in scores.runs)
    title = f"Results on {dataset}" + (" (untrained weights)" if untrained else "")
    tables = [results(scores, beside, f"results{suffix}", title)]
    more = (
        compared.table(scores, f"differences{suffix}"),
        compared.added(scores, f"adds{suffix}"),
        budgets.table(scores, beside, f"budgets{suffix}"),
        *_timed(beside, suffix),
    )
    tables += [table for table in more if table is not None]
    tables += ablation.tables(scores, beside, suffix)
    marked = budgets.marks(scores, beside)
    figures = [
        accuracy.speed_accuracy(scores, beside.speed, palette, f"speed-accuracy{suffix}", marked),
        accuracy.drift_clock(scores, palette, f"drift{suffix}"),
        *_costs(beside, palette, suffix, like),
        accuracy.heat_map(scores, f"sequences{suffix}"),
    ]
    about = scores.setting.describe()
    return Section(dataset, about, tables, [figure for figure in figures if figure is not None])


def _timed(beside: Beside, suffix: str) -> tuple[Table | None, Table | None]:
    """What the clock left beside frame rates: paired ratios, and other projects' clocks."""
    return (
        ratios.table(beside.speed, f"times{suffix}"),
        clocks.table(beside.speed, f"clocks{suffix}"),
    )


def _costs(beside: Beside, palette: Palette, suffix: str, like: Setting | None) -> list[Figure]:
    figures: list[Figure] = []
    if beside.growth is not None:
        figures += cost.growth(beside.growth, palette, f"growth{suffix}", like)
    if beside.flops is not None:
        figures += cost.macs(beside.flops, palette, f"macs{suffix}", like)
    if beside.speed is not None:
        figures += cost.latency(beside.speed, palette, f"latency{suffix}", like)
    return figures


def _other_costs(
    costs: dict[str, list[Costs]], shown: list[Beside], palette: Palette
) -> list[Section]:
    """Speeds of other machines or sizes that stand beside no accuracy: a section each."""
    used = [beside.speed for beside in shown]
    found = []
    for i, speed in enumerate(c for c in costs["speed"] if not any(c is u for u in used)):
        beside, name = Beside(None, None, speed), f"-other{_suffix(i)}"
        table = results(None, beside, f"results{name}", "Speed in another setting")
        tables = [table, *(t for t in _timed(beside, name) if t is not None)]
        figures = _costs(beside, palette, name, speed.setting)
        found.append(Section("Another setting", speed.setting.describe(), tables, figures))
    return found


def _subtitle(evidence: Evidence) -> str:
    rows = evidence.rows
    methods, datasets = len(set(rows.label)), sorted(set(rows.dataset) - {"", "table1"})
    count = f"{methods} method{'' if methods == 1 else 's'}"
    when = f", measured up to {max(rows.time)[:10]}" if len(rows) else ""
    return f"{count}; data: {', '.join(datasets) or 'none'}{when}"
