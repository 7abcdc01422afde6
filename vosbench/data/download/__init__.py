"""Public data sets, fetched where `vosbench data get` asks for one: no other verb comes here."""

from vosbench.data.download.get import choose, get
from vosbench.data.download.http import Patience
from vosbench.data.download.sources import SOURCES, Source, listing, notice

__all__ = ["SOURCES", "Patience", "Source", "choose", "get", "listing", "notice"]
