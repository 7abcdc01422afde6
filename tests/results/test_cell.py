import pytest

from vosbench.errors import UsageError
from vosbench.results import Cell, Row, canonical
from vosbench.results.cell import checked


def test_equal_parameters_in_another_order_are_the_same_cell():
    one = Cell(harness="speed", method="stm", parameters='{"b": 1, "a": [2]}')
    two = Cell(harness="speed", method="stm", parameters=canonical({"a": [2], "b": 1}))
    three = Cell(harness="speed", method="stm", parameters={"a": [2], "b": 1})
    assert one == two == three
    assert one.identity() == two.identity() == three.identity()


def test_every_field_is_part_of_the_identity():
    cell = Cell(harness="speed", method="gc")
    changes = {
        "harness": "flops", "method": "stm", "parameters": '{"a":1}', "preset": "mini",
        "weights": "0123456789ab", "dataset": "d", "sequence": "s", "size": "480x854",
        "objects": 2, "seed": 1, "device": "cuda", "precision": "bfloat16", "protocol": "p",
        "tool": "another",
    }  # fmt: skip
    assert set(changes) == set(Cell.__dataclass_fields__)
    for name, value in changes.items():
        other = Cell(**({"harness": "speed", "method": "gc"} | {name: value}))
        assert other.identity() != cell.identity(), name


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"harness": ""}, "empty name"),
        ({"method": ""}, "empty name"),
        ({"weights": "my.pth"}, "12 hex digits"),
        ({"parameters": "[1]"}, "JSON object"),
        ({"parameters": "{"}, "JSON object"),
    ],
)
def test_a_cell_that_cannot_be_named_is_refused_in_one_line(fields, said):
    with pytest.raises(UsageError, match=said) as caught:
        Cell(**({"harness": "speed", "method": "gc"} | fields))
    assert "\n" not in str(caught.value)


def test_an_infinite_value_is_refused_and_names_its_metric():
    with pytest.raises(UsageError, match="'fps' is infinite"):
        checked(Row(None, None, "fps", float("inf"), "1/s"))


def test_pictures_of_two_runs_never_share_a_folder_but_sequences_of_one_run_do():
    plain = {"harness": "accuracy", "method": "gc", "dataset": "d", "sequence": "s",
             "size": "240x432"}  # fmt: skip
    cell = Cell(**plain)
    assert cell.folder.startswith("d/gc-")
    assert cell.folder.endswith("/s")
    of_the_run = cell.folder.rsplit("/", 1)[0]
    for change in ({"sequence": "b"}, {"objects": 4}, {"size": "240x456"}, {"size": "456x240"}):
        assert Cell(**{**plain, **change}).folder.rsplit("/", 1)[0] == of_the_run
    changes = {
        "preset": "mini", "weights": "0123456789ab", "size": "160x288", "parameters": '{"a":1}',
        "seed": 1, "device": "cuda", "precision": "bfloat16", "protocol": "p",
    }  # fmt: skip
    for name, value in changes.items():
        assert Cell(**{**plain, name: value}).folder.rsplit("/", 1)[0] != of_the_run, name


def test_a_method_whose_name_is_no_file_name_stays_inside_its_data_set():
    cell = Cell(harness="accuracy", method="../../<b>", dataset="d", sequence="s")
    assert cell.folder.count("/") == 2
    assert cell.folder.split("/")[1].startswith(".._.._")
