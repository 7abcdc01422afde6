"""The run itself: mistakes are refused before anything is made, then every stretch is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from vosbench.data import load
from vosbench.errors import UsageError
from vosbench.harness.run import in_turns
from vosbench.harness.run.executor import Executor
from vosbench.harness.run.jobs import Job, Stretch, plan
from vosbench.harness.run.local import Local
from vosbench.harness.run.under_way import Progress, Run, Summary
from vosbench.harness.settings import Settings
from vosbench.harness.source import source_digest
from vosbench.harness.subject import Entry
from vosbench.results import Failure, Store, ensure_writable


def bench(
    settings: Settings, progress: Progress, executor: Callable[[Settings], Executor] = Local
) -> Summary:
    """Runs everything that `settings` asks for and the store does not hold yet.

    Args:
        settings: what to measure.
        progress: is told of each step.
        executor: makes what the cells are measured by, worker processes on this machine by default.

    Raises:
        UsageError: an unknown method, preset, data set, harness or device, or parameters that a
            method refuses, before anything is run and before a folder is made.
        DataError: a data set, weights file or folder that does not fit, before anything is run; a
            store that cannot be written any more.
    """
    if not settings.methods:
        raise UsageError("no method given: name at least one, as in --methods gc,stm")
    entries = list({e.name: e for e in (Entry.of(t, settings) for t in settings.methods)}.values())
    datasets = [load(spec, settings.split) for spec in settings.data]
    stretches = plan(settings, entries, datasets)
    sources = {entry.method: source_digest(entry.method) for entry in entries}
    run = Run(settings, Store(settings.store), progress, sources)
    out, there = settings.out, settings.store.exists()
    ensure_writable(settings.store, "--store", make=False)
    if out is not None:
        ensure_writable(out, "--out", make=False)
    with ExitStack() as held:
        if there:
            held.enter_context(run.store.claimed())
        workers = held.enter_context(executor(settings))
        refused = _refused(workers, [job for s in stretches for job in s.jobs if not run.has(job)])
        if not there:  # a folder is made once no mistake can end the run any more
            held.enter_context(run.store.claimed())
        if out is not None:
            ensure_writable(out, "--out")
        run.plugins([entry.text for entry in entries], refused)
        run.matched(datasets)
        for stretch in stretches:
            _measure(run, workers, stretch, refused)
    return run.summary


def _measure(run: Run, workers: Executor, stretch: Stretch, refused: Mapping[str, Failure]) -> None:
    """What the store lacks of a stretch."""
    jobs = [job for job in stretch.jobs if job.method not in refused]
    if stretch.turns:
        todo = in_turns.lacking(run, jobs)
    else:
        todo = [job for job in jobs if not run.has(job)]
    run.summary.present += len(jobs) - len(todo)
    if todo and stretch.turns:
        in_turns.measure(run, workers, stretch.title, jobs[0], todo)
    elif todo:
        run.progress.begin(stretch.title, sum(job.steps for job in todo))
        for outcome in workers.run(todo, beside=stretch.beside, tick=run.progress.tick):
            run.record(outcome)


def _refused(workers: Executor, todo: list[Job]) -> dict[str, Failure]:
    """Methods that have something to measure but cannot be built; a user's mistake is raised."""
    refused = workers.refused(list(dict.fromkeys(job.method for job in todo)))
    for refusal in refused.values():
        if refusal.mistake is not None:
            raise refusal.mistake
    return {method: refusal.failure for method, refusal in refused.items()}
