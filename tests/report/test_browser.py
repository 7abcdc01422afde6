"""The page in a real browser, where one is installed."""

import json

import pytest

from tests.report.browser import needs_browser, visit
from tests.report.fabricated import fabricate
from vosbench.report import render

pytestmark = pytest.mark.programs

PROBE = """<script>
const box = document.getElementById("results");
const fps = [...box.querySelectorAll("th")].find((th) => th.textContent.includes("FPS"));
const rows = () => [...box.querySelectorAll("tbody tr:not([hidden])")];
const shown = () => rows().map((row) => row.cells[0].textContent);
const said = [shown()];
fps.querySelector("button").click(); said.push(shown(), [fps.getAttribute("aria-sort")]);
fps.querySelector("button").click(); said.push(shown());
const filter = box.querySelector("input"); filter.value = "M1";
filter.dispatchEvent(new Event("input")); said.push(shown());
said.push([document.documentElement.scrollWidth > innerWidth ? "wide" : "fits"]);
document.title = JSON.stringify(said);
</script></body>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Ten methods, and a script that works the tables and tells what it saw."""
    folder = tmp_path_factory.mktemp("browser")
    methods = [f"m{i}" for i in range(10)]
    fabricate(folder / "s", methods, sequences=2, frames=5, harnesses=("accuracy", "speed"))
    page = render(folder / "s", folder / "out")
    page.write_text(page.read_text("utf-8").replace("</body>", PROBE), "utf-8")
    return page


@needs_browser
@pytest.mark.parametrize("width", [400, 800])
def test_tables_sort_and_filter_and_the_console_stays_silent(page, tmp_path, width):
    methods = [f"m{i}" for i in range(10)]
    title, logged = visit(page, tmp_path / "profile", width)
    assert "CONSOLE" not in logged
    slowest_first = methods[::-1]  # method i runs at 18 / (i + 1) frames per second
    expected = [methods, slowest_first, ["ascending"], methods, ["m1"], ["fits"]]
    assert json.loads(title) == expected
