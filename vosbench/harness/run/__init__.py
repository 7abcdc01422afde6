"""A bench run: settings -> plan (cells as plain data) -> executor (workers) -> store.

`plan` says what there is to measure, an `Executor` measures it in processes of its own, and `bench`
alone writes what comes back into the store. A plugin runs in the workers only: whatever it does
there costs its own cell.
"""

from vosbench.harness.run.bench import bench
from vosbench.harness.run.choice import executor_on
from vosbench.harness.run.executor import Executor, Outcome, Refusal, WorkerError
from vosbench.harness.run.jobs import Job, Stretch, plan
from vosbench.harness.run.local import Local
from vosbench.harness.run.under_way import Progress, Summary

__all__ = [
    "Executor", "Job", "Local", "Outcome", "Progress", "Refusal", "Stretch", "Summary",
    "WorkerError", "bench", "executor_on", "plan",
]  # fmt: skip
