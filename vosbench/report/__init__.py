"""The report: one self-contained page from stored records alone. Never imports torch."""

from pathlib import Path


def render(store_dir: Path, out: Path) -> Path:
    """Render a store's report; see `page.render`. Figures and tables are loaded when it is called.

    Raises:
        DataError: no store there, or the report cannot be written.
    """
    from vosbench.report import page

    return page.render(store_dir, out)


__all__ = ["render"]
