from pathlib import Path

import pytest

from vosbench.errors import DataError, UsageError, VosbenchError
from vosbench.harness.settings import Settings
from vosbench.harness.subject import Entry, parse, prepare
from vosbench.memory import WritePolicy


def settings(**changed: object) -> Settings:
    return Settings(**{"methods": ("gc",), "weights": "none", **changed})  # type: ignore[arg-type]


def test_parse_reads_numbers_words_and_truth_values() -> None:
    assert parse("gc:a=1,b=x,c=True,d=0.5") == ("gc", {"a": 1, "b": "x", "c": True, "d": 0.5})
    assert parse("gc") == ("gc", {})


def test_parse_refuses_a_parameter_that_is_given_twice() -> None:
    with pytest.raises(UsageError, match="every is given twice; give it once"):
        parse("stm:policy_every=2,policy_every=3")


@pytest.mark.parametrize("text", ["gc:key_dim", "gc:", "gc:key_dim=8,"])
def test_parse_refuses_a_parameter_without_a_value(text: str) -> None:
    with pytest.raises(UsageError, match=r"'(key_dim)?' is not NAME=VALUE"):
        parse(text)


def test_a_value_reads_the_same_for_every_option() -> None:
    assert parse("stcn:top_k=none,a=false,b= TRUE ,c=None,d='x'")[1] == {
        "top_k": None, "a": False, "b": True, "c": None, "d": "x"
    }  # fmt: skip


@pytest.mark.parametrize("text", ["{1}", "[1]", "1e999", "-1e999", "b'x'", "2j"])
def test_a_value_that_no_record_can_hold_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a finite number, true, false or none"):
        parse(f"gc:key_dim={text}")


@pytest.mark.parametrize(
    ("text", "changed", "message"),
    [
        ("gcc", {}, r"unknown method 'gcc': did you mean gc\?"),
        ("gc:colour=1", {}, r"unknown parameter of gc 'colour'"),
        ("gc:policy_evry=2", {}, r"unknown policy parameter 'policy_evry': did you mean policy_ev"),
        ("gc:policy_keeps=2", {}, r"polic"),
        ("gc:policy_every=0", {}, r"write policy refuses .*every is 0"),
        ("gc:policy_every=often", {}, r"write policy refuses"),
        ("gc:key_dim=0", {}, r"expected positive whole numbers"),
        ("gc:key_dim=wide", {}, r"expected positive whole numbers"),
        ("gc:key_dim=100000000000", {}, r"network of gc:key_dim=100000000000 does not fit into"),
        ("ssm:key_dim=100000000000", {}, r"give smaller values"),  # its own weights are too large
        ("ssm:key_dim=10000000000000000000", {}, r"give smaller values"),  # no 64 bits hold it
        ("gc", {"precision": "float23"}, r"unknown precision 'float23': did you mean float32"),
        ("gc", {"preset": "minn"}, r"unknown preset 'minn': did you mean mini"),
        ("gc", {"device": "gpu"}, r"unknown device 'gpu'.*known: cpu"),
        ("gc", {"device": "cuda:77"}, r"device 'cuda:77': torch .* finds no CUDA here"),
    ],
)
def test_a_mistake_is_refused_with_what_was_expected(
    text: str, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        prepare(text, settings(**changed))
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gc-mini\.safetensors"):
        prepare("gc", settings(weights=str(tmp_path)))


def test_parameters_reach_the_network_and_the_policy() -> None:
    subject = prepare("stm:policy_every=2,key_dim=8", settings())
    assert subject.network.memory.key_dim == 8
    assert subject.policy == WritePolicy(every=2, keep_first=True, include_previous=True)
    assert subject.name == "stm:key_dim=8,policy_every=2"
    cell = subject.cell("speed", dataset="d")
    assert cell.parameters == '{"key_dim":8,"policy_every":2}'
    assert (cell.weights, cell.preset, cell.dataset) == ("untrained", "mini", "d")
    assert subject.short_side == 240


@pytest.mark.parametrize(
    ("method", "same"),
    [
        ("gc", "gc:key_dim=64,value_dim=128"),
        ("gc_ema", "gc_ema:rate=0.10"),
        ("stm:key_dim=8", "stm:policy_every=5,policy_keep_first=1,key_dim=8"),
    ],
)
def test_a_value_that_is_the_default_makes_no_other_run(method: str, same: str) -> None:
    default = Entry.of(method, settings())
    for named in (Entry.of(same, settings()), prepare(same, settings())):
        assert named.name == default.name
        assert named.cell("speed") == default.cell("speed")


@pytest.mark.parametrize(
    ("one", "other", "label"),
    [
        ("stm:policy_include_previous=0", "stm:policy_include_previous=false",
         "stm:policy_include_previous=False"),
        ("gc_ema:rate=1", "gc_ema:rate=1.0", "gc_ema:rate=1.0"),
    ],
)  # fmt: skip
def test_a_value_is_one_setting_however_it_is_typed(one: str, other: str, label: str) -> None:
    first, second = (Entry.of(text, settings()) for text in (one, other))
    assert first.cell("speed") == second.cell("speed")
    assert first.name == second.name == label


def test_the_default_of_another_preset_is_a_run_of_its_own() -> None:
    names = [
        Entry.of(f"gc:key_dim={k}", settings(preset=preset)).name
        for preset in ("mini", "paper") for k in (64, 128)
    ]  # fmt: skip
    assert names == ["gc", "gc:key_dim=128", "gc:key_dim=64", "gc"]


def test_an_entry_names_a_method_as_its_subject_does_without_building_it() -> None:
    text = "stm:policy_every=2,key_dim=8"
    entry, subject = Entry.of(text, settings()), prepare(text, settings())
    assert entry.name == subject.name
    assert entry.cell("speed", dataset="d") == subject.cell("speed", dataset="d")
    assert entry.short_side == subject.short_side == 240
    shipped = settings(weights="auto")
    assert Entry.of("gc", shipped).weights == prepare("gc", shipped).weights != "untrained"


@pytest.mark.parametrize(
    ("text", "changed", "message"),
    [
        ("gcc", {}, r"unknown method 'gcc': did you mean gc"),
        ("gc:policy_evry=2", {}, r"unknown policy parameter 'policy_evry'"),
        ("gc", {"precision": "float23"}, r"unknown precision 'float23'"),
        ("gc", {"preset": "minn"}, r"unknown preset 'minn': did you mean mini"),
        ("gc", {"device": "gpu"}, r"unknown device 'gpu'"),
        ("gc", {"weights": "nowhere.safetensors"}, r"weights nowhere.safetensors cannot be read"),
    ],
)
def test_an_entry_refuses_a_mistake_before_anything_is_built(
    text: str, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(VosbenchError, match=message):
        Entry.of(text, settings(**changed))
