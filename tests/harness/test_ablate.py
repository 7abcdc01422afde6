"""From a grid as typed to runs, and from runs to a table."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests.harness.here import Here
from tests.harness.test_bench import Ticks
from vosbench.errors import UsageError
from vosbench.harness.ablate import expand
from vosbench.harness.ablation_table import table
from vosbench.harness.run import bench
from vosbench.harness.settings import Settings

DATA = "synthetic:length=3,size=48x64,scenario=drift"
PLAIN = Settings(
    methods=(), data=(DATA,), weights="none", short_side=48, harnesses=("accuracy", "flops")
)


def methods(*grid: str, paired: bool = False, **changed: object) -> list[str]:
    (run,) = expand(replace(PLAIN, **changed), grid, paired=paired)  # type: ignore[arg-type]
    return list(run.methods)


def test_each_method_runs_at_every_combination_of_its_own_axes() -> None:
    assert methods("stm.every=1,2", "stm.include_previous=0,1", "stcn.top_k=20,none") == [
        "stm:policy_every=1,policy_include_previous=False",
        "stm:policy_every=1,policy_include_previous=True",
        "stm:policy_every=2,policy_include_previous=False",
        "stm:policy_every=2,policy_include_previous=True",
        "stcn:top_k=20",
        "stcn:top_k=None",
    ]


def test_a_list_pairs_values_and_one_value_goes_with_all() -> None:
    grid = ("stm.every=1,2,5", "stm.key_dim=8,16,32", "policy.keep_first=1")
    assert methods(*grid, paired=True) == [
        "stm:policy_keep_first=True,policy_every=1,key_dim=8",
        "stm:policy_keep_first=True,policy_every=2,key_dim=16",
        "stm:policy_keep_first=True,policy_every=5,key_dim=32",
    ]
    with pytest.raises(UsageError, match=r"stm.key_dim has 2 values; expected 1 or 3"):
        methods("stm.every=1,2,5", "stm.key_dim=8,16", paired=True)


def test_a_list_may_repeat_a_value_but_no_combination() -> None:
    grid = ("stm.every=1,1", "stm.key_dim=8,16")
    assert len(methods(*grid, paired=True)) == 2
    with pytest.raises(UsageError, match=r"stm.policy_every=1, stm.key_dim=8 is given twice"):
        methods("stm.every=1,1", "stm.key_dim=8,8", paired=True)


def test_policy_applies_to_every_method_of_the_run() -> None:
    assert methods("policy.every=3", "gc.key_dim=8", methods=("stm:policy_every=9", "kmn")) == [
        "stm:policy_every=3", "kmn:policy_every=3", "gc:policy_every=3,key_dim=8",
    ]  # fmt: skip
    assert set(methods("policy.every=3")) >= {"gc:policy_every=3", "stm:policy_every=3"}


def test_settings_of_the_run_and_of_the_data_make_runs_of_their_own() -> None:
    runs = expand(PLAIN, ("gc.key_dim=8,16", "run.size=48,64", "data.objects=1,2"))
    assert [(r.short_side, r.data[0].rpartition("=")[2], r.methods) for r in runs] == [
        (size, objects, ("gc:key_dim=8", "gc:key_dim=16")) for size in (48, 64) for objects in "12"
    ]
    assert expand(PLAIN, ("gc.every=2", "run.precision=bfloat16"))[0].precision == "bfloat16"


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("gcc.every=1", r"unknown method 'gcc': did you mean gc"),
        ("stm.evry=1", r"unknown parameter of stm 'evry': did you mean every"),
        ("polcy.every=1", r"unknown method 'polcy': did you mean policy"),
        ("policy.evry=1", r"unknown field of the write policy 'evry': did you mean every"),
        ("run.sise=1", r"unknown setting of a run 'sise': did you mean size"),
        ("data.object=1", r"unknown option of synthetic 'object': did you mean objects"),
        ("stm.every", r"expected METHOD.PARAMETER=VALUE"),
        ("stm.every=", r"expected METHOD.PARAMETER=VALUE"),
        ("stm.every=0", r"every is 0; expected a whole number"),
        ("stm.keep_first=2", r"keep_first is 2; expected True or False"),
        ("stm.every=1,2,1", r"stm.policy_every=1 is given twice; give it once"),
        ("gc_ema.rate=0.1,0.10", r"gc_ema.rate=0.1 is given twice"),
        ("run.seed=0,1,00", r"run.seed=0 is given twice"),
        ("stcn.top_k=20,20.0", r"stcn.top_k=20 is given twice"),
        ("stm.every=5.0", r"every is 5.0; expected a whole number"),  # though it equals the default
        ("stm.key_dim=0", r"'0'; expected a whole number from 1 on"),
        ("stcn.top_k=5,0", r"top_k is 0"),
        ("run.size=8", r"from 16 on"),
        ("run.precision=float23", r"unknown precision 'float23'"),
        ("data.objects=many", r"objects"),
    ],
)
def test_a_mistake_in_a_grid_is_one_line_before_anything_is_measured(
    axis: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        expand(PLAIN, ["gc.key_dim=8", axis])
    assert "\n" not in str(caught.value)


def test_an_axis_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"policy_every is given twice"):
        expand(PLAIN, ["stm.every=1", "stm.every=2"])


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("stm.every=1,2", r"--grid stm.every: .* set every of stm by the budget"),
        ("policy.include_previous=0,1", r"--grid policy.include_previous: .* of stm by the budget"),
        ("window.recent=1,2", r"--grid window.recent: .*: vary something else, or give no budget"),
    ],
)
def test_what_a_budget_sets_is_no_axis_beside_it(axis: str, message: str) -> None:
    given = replace(PLAIN, methods=("stm", "gc"))
    assert expand(given, [axis])
    with pytest.raises(UsageError, match=message):
        expand(given, [axis], capped=True)
    assert expand(given, ["stm.key_dim=8,16", "window.every=1,2", "gc.every=1,2"], capped=True)


def test_options_of_the_synthetic_set_need_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only the synthetic set has options"):
        expand(replace(PLAIN, data=(f"folder={tmp_path}",)), ["gc.every=1", "data.objects=1"])


def test_the_table_holds_what_the_store_holds(tmp_path: Path) -> None:
    given = replace(PLAIN, store=tmp_path, harnesses=("accuracy",))
    runs = expand(given, ["first.key_dim=8,16"])
    bench(replace(runs[0], methods=("first:key_dim=8",)), Ticks(), Here)
    head, measured, absent = table(runs).splitlines()
    assert head.split()[:2] == ["method", "parameters"]
    assert "untrained" in measured
    assert 0 <= float(measured.split()[-1]) <= 1
    assert absent.split()[-1] == "-"


def test_weights_are_named_by_their_digest_where_two_would_be_called_the_same(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for path in paths:
        path.write_bytes(path.name.encode())
    digests = [sha256(path.read_bytes()).hexdigest()[:12] for path in paths]
    given = replace(PLAIN, store=tmp_path, harnesses=("accuracy",), methods=("gc",))
    runs = expand(given, [f"run.weights={paths[0]},{paths[1]},none"])
    assert [line.split("  ")[-1] for line in table(runs).splitlines()[1:]] == [
        f"trained {digests[0]}", f"trained {digests[1]}", "untrained",
    ]  # fmt: skip
    assert digests[0] not in table(runs[::2])


def test_the_default_among_the_values_is_the_run_without_it_and_shown_as_typed(
    tmp_path: Path,
) -> None:
    given = replace(PLAIN, store=tmp_path, harnesses=("accuracy",), methods=("first",))
    bench(given, Ticks(), Here)
    (run,) = expand(given, ["first.key_dim=64"])
    assert bench(run, Ticks(), Here).present == 1
    assert "key_dim=64" in table([run])


def test_the_table_says_at_which_t_each_cost_stands(tmp_path: Path) -> None:
    given = replace(PLAIN, store=tmp_path, harnesses=("growth",), growth_t=5)
    (run,) = expand(given, ["gc.key_dim=8"])
    bench(run, Ticks(), Here)
    head, line, note = table([run]).splitlines()
    assert "state bytes" in head
    assert line.split()[-1] == str(8 * 128 * 4)  # one matrix key_dim x value_dim of float32
    assert note == "state bytes: at t = 5, one object, by formula"
