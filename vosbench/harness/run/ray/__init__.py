"""Cells spread over a Ray cluster that is there already; Ray itself decides what runs where.

`connection` finds the cluster, `cluster` is the executor in the process of the run, and `node` is
what Ray runs on the nodes: there a cell is measured by the local executor, so that its limits of
time and memory, its failures and its numbers are the same.
"""

from vosbench.harness.run.ray.cluster import Cluster
from vosbench.harness.run.ray.connection import connected

__all__ = ["Cluster", "connected"]
