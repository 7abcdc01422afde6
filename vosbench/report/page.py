"""Writes the page and, beside it, every table as Markdown, CSV and LaTeX and every figure."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vosbench.errors import DataError
from vosbench.report.against import Comparison, against
from vosbench.report.evidence import load
from vosbench.report.figures.base import Figure
from vosbench.report.sections import Page, build
from vosbench.report.tabular import (
    MISSING,
    Column,
    Table,
    Value,
    to_csv,
    to_frame,
    to_latex,
    to_markdown,
)

TABLES, FIGURES = "tables", "figures"  # folders beside the page, ours alone: emptied at each run


@dataclass(frozen=True)
class Report:
    """A rendered report."""

    page: Path
    missing: tuple[str, ...]  # sentences
    moved: Comparison | None  # since the older store that was named


def render(store_dir: Path, out: Path) -> Path:
    """Render a store's report; the page, one self-contained file. Raises as `rendered`."""
    return rendered(store_dir, out).page


def rendered(
    store_dir: Path, out: Path, *, pictures: Path | None = None, old: Path | None = None
) -> Report:
    """Render a store's report, and say what is missing and what moved.

    Args:
        store_dir: folder of the store.
        out: folder of the report; `index.html`, `report.md`, `tables/` and `figures/` go there.
        pictures: folder of the strips, by default `strips` in the store's folder.
        old: folder of an older store: the page then says what moved.

    Raises:
        DataError: no store there, or the report cannot be written.
    """
    evidence = load(store_dir)
    moved = against(evidence, old) if old else None
    page = build(evidence, pictures or store_dir / "strips", moved.table if moved else None)
    try:
        return Report(_written(page, out), tuple(page.missing), moved)
    except OSError as wrong:
        reason = wrong.strerror or wrong
        raise DataError(f"report {out} cannot be written: {reason}; give another --out") from wrong


def _written(page: Page, out: Path) -> Path:
    for folder in (TABLES, FIGURES):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    for table in page.tables:
        for ending, form in (("csv", to_csv), ("md", to_markdown), ("tex", to_latex)):
            file = out / TABLES / f"{table.name}.{ending}"
            file.write_text(form(table), encoding="utf-8", newline="\n")
        if importlib.util.find_spec("pyarrow"):  # an extra: `pip install 'vosbench[parquet]'`
            to_frame(table).to_parquet(out / TABLES / f"{table.name}.parquet")
    for figure in page.figures:
        file = out / FIGURES / f"{figure.name}.svg"
        file.write_text(figure.svg, encoding="utf-8", newline="\n")
        file.with_suffix(".png").write_bytes(figure.png)
    (out / "report.md").write_text(_markdown(page), encoding="utf-8", newline="\n")
    target = out / "index.html"
    target.write_text(html(page), encoding="utf-8", newline="\n")
    return target


def html(page: Page) -> str:
    """The page as one text. Everything from the store is escaped; only our SVG is not."""
    environment = Environment(
        loader=PackageLoader("vosbench.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"svg": _svg, "sort_key": _sort_key}
    source = environment.loader.get_source if environment.loader else None
    parts = {
        name: Markup(source(environment, file)[0]) if source else ""  # noqa: S704  # nosec B704
        for name, file in (("css", "style.css"), ("js", "tables.js"))
    }
    template = environment.get_template("page.html")
    return template.render(page=page, missing_sign=MISSING, **parts)


def _svg(figure: Figure) -> Markup:
    return Markup(figure.inline)  # noqa: S704  # nosec B704


def _sort_key(value: Value, column: Column) -> str:
    """What a table is sorted by: the whole number, not its rounded text."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return value if isinstance(value, str) else repr(float(value))


def _markdown(page: Page) -> str:
    """The tables for a pull request."""
    top = [f"# {_plain(page.headline.title)}"]
    if page.headline.warning:
        top.append(f"> **{page.headline.warning}**")
    top += [_plain(sentence) for sentence in page.headline.sentences]
    tables = [to_markdown(table) for table in _main_tables(page)]
    gaps = ["**Missing**\n", *(f"- {_plain(gap)}" for gap in page.missing)] if page.missing else []
    return "\n\n".join([*top, *tables, "\n".join(gaps)]).rstrip() + "\n"


def _main_tables(page: Page) -> list[Table]:
    details = {table.name for table in page.details}
    return [table for table in page.tables if table.name not in details]


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("<", "\\<").replace("*", "\\*").replace("_", "\\_")
