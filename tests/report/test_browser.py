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


@needs_browser
def test_tables_sort_and_filter_and_the_console_stays_silent(tmp_path):
    methods = [f"m{i}" for i in range(10)]
    fabricate(tmp_path / "s", methods, sequences=2, frames=5, harnesses=("accuracy", "speed"))
    page = render(tmp_path / "s", tmp_path / "out")
    page.write_text(page.read_text("utf-8").replace("</body>", PROBE), "utf-8")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--window-size=800,900",
               "--dump-dom", page.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    title = re.search(r"<title>(.*?)</title>", done.stdout)[1].replace("&quot;", '"')
    slowest_first = methods[::-1]  # method i runs at 18 / (i + 1) frames per second
    expected = [methods, slowest_first, ["ascending"], methods, ["m1"], ["fits"]]
    assert title == str(expected).replace("'", '"').replace(", ", ",")
