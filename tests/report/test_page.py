import base64
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from tests.report.fabricated import STAMP, fabricate
from tests.report.readers import csv_rows, html_tables, latex_rows, markdown_rows
from vosbench.errors import DataError
from vosbench.report import render
from vosbench.report.__main__ import main
from vosbench.report.page import rendered
from vosbench.results import Cell, Row, Store

EVIL = "<script>alert(1)</script>"
PIXEL = base64.b64decode(  # a WebP
    "UklGRjwAAABXRUJQVlA4IDAAAADwAQCdASoBAAEAAUAmJaACdLoB+AAETAAA/vKpf/2ln6Vj6Vj+KT/5+Z3bi/nMAAA="
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Two methods with trained weights, nothing missing."""
    folder = tmp_path_factory.mktemp("whole")
    fabricate(folder / "store", sequences=6)
    return render(folder / "store", folder / "out")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Untrained weights, hostile names, a second size, gaps, failures, damage and pictures."""
    folder = tmp_path_factory.mktemp("mixed")
    store = fabricate(folder / "store", weights="untrained", dataset="synthetic", objects=2)
    fabricate(folder / "store", (EVIL, "_x$y|z"), weights="untrained", dataset="synthetic",
              sequences=2, harnesses=("accuracy", "flops"))  # fmt: skip
    fabricate(folder / "store", ("stm",), weights="untrained", dataset="synthetic", size="240x428",
              harnesses=("speed",))  # fmt: skip
    store.append_failure(Cell(harness="plugins", method="<b>plug"), "ImportError: no <i>module</i>")
    store.append_failure(Cell(harness="speed", method="gc", dataset="synthetic", seed=9), "slow")
    for cell in (c for c in store.cells() if (c.harness, c.method) == ("accuracy", "gc")):
        strip = folder / "store/strips" / cell.folder / "strip.webp"
        strip.parent.mkdir(parents=True)
        strip.write_bytes(PIXEL)
        strip.with_name("truth.webp").write_bytes(PIXEL)
    with store.path.open("ab") as file:
        file.write(b"damage\n")
    return render(folder / "store", folder / "out")


def text(page):
    return page.read_text(encoding="utf-8")


def test_every_table_shows_the_same_in_html_csv_markdown_and_latex(whole, mixed):
    for page in (whole, mixed):
        tables = html_tables(text(page))
        assert {"results", "table1", "environment", "flops", "speed"} <= set(tables)
        for name, (_, *rows) in tables.items():
            file = page.parent / "tables" / f"{name}.csv"
            assert csv_rows(text(file)) == rows, name
            assert markdown_rows(text(file.with_suffix(".md"))) == rows, name
            assert latex_rows(text(file.with_suffix(".tex"))) == rows, name


def test_the_results_are_the_numbers_of_the_store(whole):
    head, *rows = html_tables(text(whole))["results"]
    gc = dict(zip(head, rows[0], strict=True))
    frame = Store(whole.parents[1] / "store").frame()
    mine = frame[(frame.harness == "accuracy") & (frame.method == "gc")]
    means = mine[mine.metric.isin(["J", "F"])].groupby("metric", observed=True).value.mean()
    assert gc["J mean %"] == f"{100 * means['J']:.1f}"
    assert gc["F mean %"] == f"{100 * means['F']:.1f}"
    assert gc["J&F %"] == f"{50 * (means['J'] + means['F']):.1f}"
    assert gc["Parameters M"] == "8.4"
    assert gc["Read at t = 100 G MAC"] == "0.0100"
    assert gc["Mean frame at t = 100 G MAC"] == "8.12"
    assert gc["State at t = 100 MiB"] == "1.00"
    assert gc["Temporary at t = 100 MiB"] == "3.00"
    assert gc["FPS 1/s"] == "18.0"
    assert "1 MAC = 2 FLOPs" in text(whole)


def test_the_headline_says_who_wins_by_how_much_and_with_which_interval(whole):
    page = text(whole)
    assert re.search(
        r"<h1>gc leads stm by \d\.\d points J&amp;F; gc is 2\.0\u00d7 as fast</h1>", page
    )
    assert re.search(
        r"95 % interval \+\d\.\d to \+\d\.\d over 6 sequences, Holm-corrected p (&lt;)?0\.\d+", page
    )
    assert "ntrained" not in page.split("<header>")[1].split("</header>")[0]


def test_table_1_of_the_paper_stands_beside_ours(whole):
    head, *rows = html_tables(text(whole))["table1"]
    lines = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(x["Method"], x["Frames in memory"]) for x in lines] == [
        ("stm", "1"), ("stm", "10"), ("stm", "100"), ("gc", "1"), ("gc", "10"), ("gc", "100"),
    ]  # fmt: skip
    assert [x["Paper: read G"] for x in lines] == ["0.2", "2.1", "21.2", "0.04", "0.04", "0.04"]
    assert [x["Ours: read G"] for x in lines[:4]] == ["0.212", "2.12", "21.2", "0.0377"]
    assert [x["Paper: memory MiB"] for x in lines] == ["4", "40", "394", "1", "1", "1"]
    assert [x["Ours: memory MiB"] for x in lines[:4]] == ["3.94", "39.4", "394", "0.250"]
    assert {x["Read agrees"] for x in lines} == {"yes"}
    assert [x["Memory agrees"] for x in lines] == ["yes"] * 3 + ["no"] * 3


def test_untrained_weights_are_labelled_wherever_an_accuracy_stands(mixed):
    page = text(mixed)
    assert "They are not accuracy." in page.split("<h1>")[1].split("<nav")[0]
    head, *rows = html_tables(page)["results"]
    assert {row[head.index("Weights")] for row in rows} == {"untrained weights"}
    for name in ("speed-accuracy", "drift", "sequences"):
        figure = text(mixed.parent / "figures" / f"{name}.svg")
        assert "untrained weights" in figure, name
    assert all("(untrained weights)" in cell for cell in html_tables(page)["differences"][1][:2])
    scores = [i for i, title in enumerate(head) if title.startswith(("J", "F "))]
    for line in page.split('id="results"')[1].split("</table>")[0].split("<tr>")[2:]:
        classes = re.findall(r'<td class="([^"]*)"', line)
        assert not any("best" in classes[i] for i in scores)
    for form in ("csv", "md", "tex"):
        assert "untrained weights" in text(mixed.parent / "tables" / f"results.{form}")
    assert "not accuracy" in text(mixed.parent / "report.md")


def test_names_are_shown_and_never_run(mixed):
    page = text(mixed)
    assert EVIL not in page
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>plug" not in page
    assert "ImportError: no &lt;i&gt;module&lt;/i&gt;" in page


def test_nothing_on_the_page_needs_the_network(whole, mixed):
    for page in map(text, (whole, mixed)):
        loaded = re.findall(r'(?:src|xlink:href|<link[^>]*href)="([^"]*)"', page)
        assert all(x.startswith(("data:", "#")) for x in loaded)
        assert not re.search(r"@import|url\((?!#)", page)
        assert "default-src 'none'" in page


def test_ids_are_unique_and_every_reference_has_its_target(whole, mixed):
    for page in map(text, (whole, mixed)):
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        wanted = re.findall(r'(?:href="|url\(|labelledby=")#?([\w-]+)[")]', page)
        missing = {x for x in wanted if x.startswith(("drift", "growth", "speed"))} - set(ids)
        assert not missing


def test_figures_follow_the_theme_and_stand_alone_as_files(whole):
    page = text(whole)
    assert "stroke: var(--s0)" in page
    assert "fill: var(--ink)" in page
    for file in sorted((whole.parent / "figures").glob("*.svg")):
        assert "var(--" not in text(file)
        ElementTree.parse(file)
        assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert len(list((whole.parent / "figures").glob("*.svg"))) == 9


def test_the_page_names_what_is_missing_and_what_failed(mixed, whole):
    missing = text(mixed).split('<section id="missing">')[1]
    assert "_x$y|z lacks J or F on 2 of 4 sequences of synthetic: seq02, seq03" in missing
    assert "No speed measurement of &lt;script&gt;" in missing
    assert "line " in missing
    assert "check sum does not fit" in missing
    assert "gc: speed failed on synthetic" in missing
    failures = html_tables(text(mixed))["failures"]
    assert ["<b>plug", "module did not load", "–", "ImportError: no <i>module</i>"] in failures  # noqa: RUF001
    assert "Nothing: every method has every measurement it was asked for." in text(whole)


def test_a_method_that_needs_nothing_is_named_where_log_axes_cannot_show_it(tmp_path):
    store = Store(tmp_path / "s", stamp=STAMP)
    for method, size in (("gc", 0), ("stm", 5)):
        rows = [Row(None, t, "read_temporary_bytes", size * t, "byte") for t in (1, 2, 5)]
        store.append(Cell(harness="growth", method=method, protocol="measured"), rows)
    assert "Log axes have no place for 0: gc." in text(render(tmp_path / "s", tmp_path / "out"))


def test_a_speed_at_another_size_has_its_own_table(mixed):
    tables = html_tables(text(mixed))
    assert [row[0] for row in tables["results-other"][1:]] == ["stm"]
    head, *rows = tables["results"]
    shown = {row[0]: row[head.index("FPS 1/s")] for row in rows}
    assert shown == {"gc": "18.0", "stm": "9.00", EVIL: "–", "_x$y|z": "–"}  # noqa: RUF001


def test_best_median_and_worst_strips_are_embedded_with_alt_texts(mixed):
    section = text(mixed).split('<section id="pictures">')[1].split("</section>")[0]
    assert section.count("data:image/webp;base64,") == 6
    pairs = re.findall(r"<figcaption>(.*?)</figcaption>", section)
    assert pairs == ["Frames; truth", "gc (untrained weights)"] * 3
    assert 'alt="synthetic, seq00: masks of gc (untrained weights) at five times"' in section
    assert [rank in section for rank in ("best", "median", "worst")] == [True] * 3
    assert "1 more strips" in section


def test_the_same_store_gives_the_same_page_byte_for_byte(tmp_path):
    fabricate(tmp_path / "s", sequences=2, frames=5, harnesses=("accuracy", "table1"))
    first, again = (render(tmp_path / "s", tmp_path / out) for out in ("first", "again"))
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.parametrize("harness", ["accuracy", "flops", "growth", "speed", "table1"])
def test_a_store_of_one_harness_alone_still_makes_a_page(tmp_path, harness):
    fabricate(tmp_path / "s", sequences=1, frames=4, harnesses=(harness,))
    page = text(render(tmp_path / "s", tmp_path / "out"))
    others = [x for x in ("accuracy", "flops", "growth", "speed") if x != harness]
    assert f"Not measured at all: {', '.join(others)}." in page


def test_a_store_of_accuracy_alone_says_in_one_line_what_was_not_measured(tmp_path):
    fabricate(tmp_path / "s", sequences=1, frames=4, harnesses=("accuracy",))
    page = rendered(tmp_path / "s", tmp_path / "out")
    assert page.missing == ("Not measured at all: flops, growth, speed.",)


def test_a_store_of_failures_alone_makes_a_page_that_says_so(tmp_path):
    Store(tmp_path / "s", stamp=STAMP).append_failure(Cell(harness="speed", method="gc"), "no")
    page = text(render(tmp_path / "s", tmp_path / "out"))
    assert "No methods compared yet" in page
    assert html_tables(page)["failures"][1] == ["gc", "speed", "–", "no"]  # noqa: RUF001


def test_numbers_that_are_not_there_do_not_appear(tmp_path):
    store = Store(tmp_path / "s", stamp=STAMP)
    store.append(Cell(harness="accuracy", method="gc", dataset="d", sequence="a"), [])
    nan = [Row(1, 1, "J", float("nan"), "1")]
    store.append(Cell(harness="accuracy", method="gc", dataset="d", sequence="b"), nan)
    head, row = html_tables(text(render(tmp_path / "s", tmp_path / "out")))["results"]
    assert row[head.index("J&F %")] == "–"  # noqa: RUF001


def test_old_tables_do_not_outlive_their_store_and_other_files_are_left_alone(tmp_path):
    out = tmp_path / "out"
    fabricate(tmp_path / "s", ("gc",), harnesses=("table1",))  # no figures: quick
    render(tmp_path / "s", out)
    stale, mine = out / "tables/table1.csv", out / "tables/notes.csv"
    assert stale.exists()
    mine.write_text("kept")
    Store(tmp_path / "t", stamp=STAMP).append(
        Cell(harness="growth", method="gc", dataset="d"), [Row(None, 1, "state_bytes", 8, "byte")]
    )
    render(tmp_path / "t", out)
    assert mine.read_text() == "kept"
    assert not stale.exists()


def test_a_folder_without_a_store_is_one_line_and_status_2(tmp_path, capsys):
    with pytest.raises(DataError, match=r"records\.jsonl"):
        render(tmp_path, tmp_path / "out")
    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: no measurements in")
    assert said.count("\n") == 1


def test_an_unwritable_place_for_the_report_is_one_line(tmp_path):
    fabricate(tmp_path / "s", ("gc",), harnesses=("table1",))  # no figures: quick
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DataError, match="cannot be written"):
        render(tmp_path / "s", tmp_path / "out")


def test_fail_on_missing_sets_the_exit_status(tmp_path, capsys):
    fabricate(tmp_path / "s", ("gc",), harnesses=("table1",))  # no figures: quick
    arguments = [str(tmp_path / "s"), "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert main([*arguments, "--fail-on-missing"]) == 1
    assert (
        "missing: Not measured at all: accuracy, flops, growth, speed." in capsys.readouterr().err
    )


def test_the_report_imports_neither_torch_nor_a_window_system(tmp_path):
    fabricate(tmp_path / "s", ("gc",), harnesses=("growth",))
    code = (
        "import sys, json; from vosbench.report.__main__ import main;"
        "main(sys.argv[1:]); print(json.dumps(['torch' in sys.modules,"
        "'matplotlib.pyplot' in sys.modules]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "s"), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [False, False]
