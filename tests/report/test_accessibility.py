"""The page under axe-core, in a real browser: no violation of WCAG 2 A or AA."""

import importlib.util
import json
import os
from pathlib import Path

import pytest

from tests.report.browser import DARK, needs_browser, visit
from tests.report.fabricated import fabricate
from tests.report.test_page import PIXEL
from vosbench.report import render
from vosbench.results import Cell

pytestmark = pytest.mark.programs

AXE = importlib.util.find_spec("axe_playwright_python")
needs_axe = pytest.mark.skipif(
    AXE is None and not os.environ.get("CI"), reason="axe-playwright-python is not installed"
)
RUN = """<script>{axe}</script><script>
document.querySelectorAll("details").forEach((d) => {{ d.open = true; }});
// The inside of a figure is a picture: it has a text of its own.
const where = {{ exclude: ["svg > *"] }};
axe.run(where, {{runOnly: ["wcag2a", "wcag2aa"]}}).then((found) => {{
  const said = ({{ id, nodes }}) => [id, nodes.length, nodes[0].html.slice(0, 160),
    nodes[0].failureSummary];
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.title = JSON.stringify([found.violations.map(said), found.passes.length, dark]);
}}, (error) => {{ document.title = JSON.stringify([String(error)]); }});
</script></body>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with everything: swapped and untrained weights, gaps, failures, pictures, films."""
    folder = tmp_path_factory.mktemp("axe")
    store = fabricate(folder / "s", [f"m{i}" for i in range(9)], sequences=3, frames=5)
    fabricate(folder / "s", ("gc", "stm"), sequences=2, frames=5)
    fabricate(folder / "s", ("none",), sequences=3, frames=5, weights="stm:0123456789ab")
    fabricate(folder / "s", ("gc",), sequences=2, frames=5, dataset="synthetic",
              weights="untrained", harnesses=("accuracy",))  # fmt: skip
    store.append_failure(Cell(harness="speed", method="gc", dataset="davis2016", seed=9), "slow")
    for cell in (c for c in store.cells() if (c.harness, c.method) == ("accuracy", "m0")):
        strips = folder / "s/strips" / cell.folder
        strips.mkdir(parents=True)
        for name in ("strip.webp", "truth.webp", "failure-swap-00003.webp", "overlay.mp4"):
            (strips / name).write_bytes(PIXEL)
    page = render(folder / "s", folder / "out")
    axe = Path(AXE.submodule_search_locations[0], "axe.min.js").read_text("utf-8")
    probe = RUN.format(axe=axe.replace("</script", "<\\/script"))
    page.write_text(page.read_text("utf-8").replace("</body>", probe), "utf-8")
    return page


@needs_browser
@needs_axe
@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(page, tmp_path, width, theme):
    title, _ = visit(page, tmp_path, width, *([DARK] if theme == "dark" else []))
    violations, passed, dark = json.loads(title)
    assert violations == []
    assert passed > 15  # the rules were run
    assert dark == (theme == "dark")
