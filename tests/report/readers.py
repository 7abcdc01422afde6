"""Readers of the report's four forms of a table, written apart from its writers."""

import csv
import re
from html.parser import HTMLParser

TEX_WORDS = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
    r"\textless{}": "<", r"\textgreater{}": ">", r"$\times$": "×", "--": "–",  # noqa: RUF001
}  # fmt: skip


class _Tables(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tables, self._name, self._cell = {}, None, None

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        if tag == "div" and known.get("class") == "table":
            self._name = known["id"]
            self.tables[self._name] = []
        elif tag == "tr" and self._name:
            self.tables[self._name].append([])
        elif tag in ("td", "th") and self._name:
            self._cell = ""

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data.replace("\u00a0", " ")

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self._cell is not None:
            self.tables[self._name][-1].append(self._cell)
            self._cell = None


def html_tables(text):
    """name -> rows of cell texts, the header first."""
    parser = _Tables()
    parser.feed(text)
    return parser.tables


def csv_rows(text):
    return [[cell or "–" for cell in row] for row in csv.reader(text.splitlines())][1:]  # noqa: RUF001


def markdown_rows(text):
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [line[2:-2].split(" | ") for line in lines]  # inside a cell a pipe has a backslash
    return [[re.sub(r"\\(.)", r"\1", cell) for cell in row] for row in rows][2:]


def latex_rows(text):
    body = text.split("\\midrule\n")[1].split("\n\\bottomrule")[0]
    return [[_untex(cell) for cell in line[:-3].split(" & ")] for line in body.splitlines()]


def _untex(cell):
    for word, sign in TEX_WORDS.items():
        cell = cell.replace(word, sign)
    return re.sub(r"\\([&%$#_{}])", r"\1", cell)
