"""Sessions: ``nox -s bench`` runs the suite on the built-in set, ``nox -s tests`` tests it.

All sessions share one environment, because torch is large.
"""

import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "virtualenv"
nox.options.sessions = ["tests", "lint", "types"]

PLACE = {"venv_location": ".nox/vosbench", "reuse_venv": True}


def install(session: nox.Session, *groups: str) -> None:
    """The project as it stands, editable, with some of its dependency groups."""
    wanted = [
        r for g in groups for r in nox.project.load_toml("pyproject.toml")["dependency-groups"][g]
    ]
    session.install("-e", ".", *wanted)


@nox.session(**PLACE)
def bench(session: nox.Session) -> None:
    """GC against STM on the built-in synthetic set; ends with the path of the report."""
    install(session)
    session.run("vosbench", "bench", *session.posargs)


@nox.session(**PLACE)
def tests(session: nox.Session) -> None:
    """Every test but the slow ones."""
    install(session, "test")
    session.run("pytest", "-m", "not slow", *session.posargs)


@nox.session(**PLACE)
def slow(session: nox.Session) -> None:
    """The tests that take minutes."""
    install(session, "test")
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session(**PLACE)
def lint(session: nox.Session) -> None:
    """Style and likely bugs."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(**PLACE)
def types(session: nox.Session) -> None:
    """Static types, strictly."""
    install(session, "lint")
    session.run("mypy")


@nox.session(**PLACE)
def perf(session: nox.Session) -> None:
    """Benchmarks of the code itself (pytest-benchmark)."""
    install(session, "test", "perf")
    session.run("pytest", "benchmarks", "-p", "no:doctest", "-s", *session.posargs)


@nox.session(**PLACE)
def sample(session: nox.Session) -> None:
    """Makes `reports/sample` and the README's pictures anew, from the shipped weights."""
    install(session)
    store, out = Path("runs/sample"), Path("reports/sample")
    shutil.rmtree(store, ignore_errors=True)
    session.run("vosbench", "bench", "--store", str(store), "--out", str(out))
    for method in ("gc", "stm"):
        strip = store / "strips" / "synthetic" / method / "drift" / "strip.png"
        shutil.copy(strip, out / f"{method}.png")
