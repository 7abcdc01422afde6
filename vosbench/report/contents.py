"""What a page is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vosbench.report.figures.base import Figure
from vosbench.report.gallery import Shot
from vosbench.report.headline import Headline
from vosbench.report.pictures import Strip
from vosbench.report.tabular import Table


@dataclass(frozen=True)
class Section:
    """Tables and figures of one setting."""

    title: str
    about: str
    tables: Sequence[Table]
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Page:
    """Everything that is rendered."""

    headline: Headline
    subtitle: str
    sections: Sequence[Section]
    published: Sequence[Table]
    details: Sequence[Table]
    environment: Table
    failures: Table | None
    missing: Sequence[str]
    warnings: Sequence[str] = field(default_factory=tuple)  # in sight of the headline
    against: Table | None = None  # what moved since an older store
    strips: Sequence[Strip] = field(default_factory=tuple)
    strips_left_out: int = 0
    failed_frames: Sequence[Shot] = field(default_factory=tuple)
    failed_frames_left_out: int = 0
    key_maps: Sequence[Shot] = field(default_factory=tuple)
    films: Sequence[Shot] = field(default_factory=tuple)
    films_left_out: int = 0

    @property
    def all_warnings(self) -> list[str]:
        """Everything that must stand in sight of the title."""
        return [warning for warning in (self.headline.warning, *self.warnings) if warning]

    @property
    def tables(self) -> list[Table]:
        own = [table for section in self.sections for table in section.tables]
        last = [t for t in (self.environment, self.failures, self.against) if t is not None]
        return [*own, *self.published, *self.details, *last]

    @property
    def figures(self) -> list[Figure]:
        return [figure for section in self.sections for figure in section.figures]
