"""The page in a real browser, where one is installed."""

import os
import re
import shutil
import subprocess

import pytest

from tests.report.fabricated import fabricate
from vosbench.report import render

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr",
)  # fmt: skip
PROBE = """<script>
const box = document.getElementById("results"), fps = [...box.querySelectorAll("th")].at(-2);
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

needs_browser = pytest.mark.skipif(
    not CHROMIUM or bool(os.environ.get("VOSBENCH_NO_BROWSER")), reason="no Chromium installed"
)


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
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}",
               f"--window-size={width},900", "--dump-dom", page.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    title = re.search(r"<title>(.*?)</title>", done.stdout)[1].replace("&quot;", '"')
    slowest_first = methods[::-1]  # method i runs at 18 / (i + 1) frames per second
    expected = [methods, slowest_first, ["ascending"], methods, ["m1"], ["fits"]]
    assert title == str(expected).replace("'", '"').replace(", ", ",")
