"""Sessions: ``nox -s bench`` runs the suite on the built-in set, ``nox -s tests`` tests it.

All sessions share one environment, `.nox/vosbench`, because torch is large.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"  # nox would make one environment per session
nox.options.sessions = ["tests", "programs", "lint", "types"]

HOME = Path(".nox/vosbench").resolve()
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")


def install(session: nox.Session, *groups: str) -> None:
    """The project as it stands, editable, with some of its dependency groups."""
    if not BIN.is_dir():
        session.run(sys.executable, "-m", "venv", str(HOME), external=True)
    known = nox.project.load_toml("pyproject.toml")["dependency-groups"]
    wanted = [requirement for group in groups for requirement in known[group]]
    run(session, "python", "-m", "pip", "install", "--quiet", "-e", ".", *wanted)


def run(session: nox.Session, tool: str, *arguments: str) -> None:
    """A tool of the shared environment."""
    session.run(str(BIN / tool), *arguments, external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """GC against STM on the built-in synthetic set; ends with the path of the report."""
    install(session)
    run(session, "vosbench", "bench", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Every test but those of whole programs and the slow ones."""
    install(session, "test")
    run(session, "pytest", "-m", "not slow and not programs", *session.posargs)


@nox.session
def programs(session: nox.Session) -> None:
    """Whole programs: killed, out of memory, installed from outside, looked at in a browser."""
    install(session, "test")
    run(session, "pytest", "-m", "programs and not slow", "tests", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """The tests that take minutes."""
    install(session, "test", "slow")
    run(session, "pytest", "-m", "slow", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Bench in a loop for an hour, or VOSBENCH_SOAK_MINUTES: memory flat, results identical."""
    install(session, "test")
    run(session, "pytest", "-m", "soak", "-s", "tests/soak", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and likely bugs."""
    install(session, "lint")
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Static types, strictly."""
    install(session, "lint")
    run(session, "mypy")


@nox.session
def security(session: nox.Session) -> None:
    """Dependencies with known holes (pip-audit), and our own code (bandit)."""
    install(session, "security")
    run(session, "bandit", "--quiet", "-ll", "--recursive", "vosbench", "methods")
    # From a list, so that --strict can refuse what the advisories do not know; the "+cpu" of a
    # build is not in a version that they name.
    freeze = ("-m", "pip", "freeze", "--exclude-editable")
    frozen = session.run(str(BIN / "python"), *freeze, external=True, silent=True)
    listed = HOME / "installed.txt"
    listed.write_text(re.sub(r"\+\w+", "", str(frozen)), encoding="utf-8")
    audit = ("--strict", "--no-deps", "--disable-pip", "--requirement", str(listed))
    run(session, "pip-audit", *audit, *session.posargs)


@nox.session
def perf(session: nox.Session) -> None:
    """Benchmarks of the code itself (pytest-benchmark), saved; names what got slower."""
    install(session, "test", "perf")
    session.env["VOSBENCH_STORE"] = "runs/bench"  # the report states what is measured here
    try:
        run(session, "pytest", "benchmarks", "-s", "--benchmark-autosave", *session.posargs)
    finally:  # a slow-down may have failed a benchmark's own assert: it is named all the same
        run(session, "python", "benchmarks/compare.py")


@nox.session
def sample(session: nox.Session) -> None:
    """Makes `reports/sample` and the README's pictures anew, from the shipped weights."""
    install(session, "test", "perf")
    store, out = Path("runs/sample"), Path("reports/sample")
    shutil.rmtree(store, ignore_errors=True)
    session.env["VOSBENCH_STORE"] = str(store)
    run(session, "pytest", "benchmarks/test_metrics_speed.py")
    run(session, "vosbench", "bench", "--store", str(store), "--out", str(out))
    for method in ("gc", "stm"):
        (strip,) = (store / "strips" / "synthetic").glob(f"{method}-*/drift/strip.webp")
        shutil.copy(strip, out / f"{method}.webp")
