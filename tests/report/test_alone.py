"""A table read apart from the page says which run it is of."""

import pytest

from tests.report.fabricated import fabricate
from vosbench.report import render

CPU = (
    "data davis2016; preset mini; size 480x854; float32; Abacus, 2 beads; seed 0; protocol: "
    "davis2016"
)
CUDA = CPU.replace("float32; Abacus, 2 beads", "bfloat16; cuda, Abacus")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Two runs on the same data, on two devices, and times at a size of their own."""
    folder = tmp_path_factory.mktemp("two")
    few = {"sequences": 2, "frames": 5, "harnesses": ("accuracy",)}
    fabricate(folder / "store", **few)
    fabricate(folder / "store", device="cuda", precision="bfloat16", **few)
    fabricate(folder / "store", ("gc",), size="240x428", harnesses=("speed",))
    return render(folder / "store", folder / "out").parent


@pytest.mark.parametrize("name", ["results", "differences"])
def test_the_file_of_each_table_of_a_section_names_its_setting_in_a_note(out, name):
    for suffix, setting in (("", CPU), ("-2", CUDA)):
        assert f"\n- {setting}.\n" in (out / f"tables/{name}{suffix}.md").read_text("utf-8")
        tex = (out / f"tables/{name}{suffix}.tex").read_text("utf-8")
        assert rf"\par\footnotesize {setting}." in tex


def test_a_setting_that_a_note_names_already_is_not_named_twice(out):
    alone = (out / "tables/results-other.md").read_text("utf-8")
    assert alone.count("size 240x428") == 1


def test_each_section_of_the_markdown_report_says_what_it_is_about_once(out):
    report = (out / "report.md").read_text("utf-8")
    one, other = report.split("## davis2016\n\n")[1:]
    assert one.startswith(f"{CPU}\n\n**Results on davis2016**")
    assert other.startswith(f"{CUDA}\n\n**Results on davis2016**")
    assert (out / "index.html").read_text("utf-8").count(f"{CPU}</p>") == 1
