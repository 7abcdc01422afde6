"""Writes the page and, beside it, every table as Markdown, CSV and LaTeX and every figure."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vosbench.errors import DataError
from vosbench.report.against import Comparison, against
from vosbench.report.contents import Page
from vosbench.report.evidence import load
from vosbench.report.figures.base import Figure
from vosbench.report.sections import build
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

PAGE, TABLES, FIGURES = "index.html", "tables", "figures"
WRITTEN = ".written"  # names of the report's files: the next one clears these and no others


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
    """Writes all files; of those already there, only an earlier report's own are taken away."""
    files = dict(_files(page))
    listing = out / WRITTEN
    if listing.is_file():
        for name in listing.read_text(encoding="utf-8").splitlines():
            if name.startswith((f"{TABLES}/", f"{FIGURES}/")) and ".." not in name:
                (out / name).unlink(missing_ok=True)
    for folder in (TABLES, FIGURES):
        (out / folder).mkdir(parents=True, exist_ok=True)
    listing.write_text("".join(f"{name}\n" for name in files), encoding="utf-8")
    for name, content in files.items():
        (out / name).write_bytes(content)
    return out / PAGE


def _files(page: Page) -> Iterator[tuple[str, bytes]]:
    """Names under the report's folder, and contents; the page comes last."""
    for table in _alone(page):
        for ending, form in (("csv", to_csv), ("md", to_markdown), ("tex", to_latex)):
            yield f"{TABLES}/{table.name}.{ending}", form(table).encode()
        if importlib.util.find_spec("pyarrow"):  # an extra: `pip install -e '.[parquet]'`
            yield f"{TABLES}/{table.name}.parquet", to_frame(table).to_parquet()
    for figure in page.figures:
        yield f"{FIGURES}/{figure.name}.svg", figure.svg.encode()
        yield f"{FIGURES}/{figure.name}.png", figure.png
    yield "report.md", _markdown(page).encode()
    yield PAGE, html(page).encode()


def _alone(page: Page) -> list[Table]:
    """Every table as it is read apart from the page: what its section is about is a note, too."""
    about = {table.name: section.about for section in page.sections for table in section.tables}
    return [_noted(table, about.get(table.name, "")) for table in page.tables]


def _noted(table: Table, about: str) -> Table:
    if any(about in note for note in table.notes) or not about:
        return table
    return replace(table, notes=[f"{about.rstrip('.')}.", *table.notes])


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
    top += [f"> **{_plain(warning)}**" for warning in page.all_warnings]
    top += [_plain(sentence) for sentence in page.headline.sentences]
    tables = []
    for section in page.sections:
        tables += [f"## {_plain(section.title)}", _plain(section.about)]
        tables += map(to_markdown, section.tables)
    tables += map(to_markdown, _other_tables(page))
    gaps = ["**Missing**\n", *(f"- {_plain(gap)}" for gap in page.missing)] if page.missing else []
    return "\n\n".join([*top, *tables, "\n".join(gaps)]).rstrip() + "\n"


def _other_tables(page: Page) -> list[Table]:
    """Those of no section, without the details."""
    listed = [*page.details, *(table for section in page.sections for table in section.tables)]
    names = {table.name for table in listed}
    return [table for table in page.tables if table.name not in names]


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("<", "\\<").replace("*", "\\*").replace("_", "\\_")
