"""The registry: names, parameters, and plugins that are dropped in or broken."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from vosbench import plugins, registry
from vosbench.errors import PluginError, UsageError
from vosbench.memory import Growth, Memory

GOOD = """
from vosbench.memory import Growth, Memory
from vosbench.registry import register

@register("{name}")
class Dropped(Memory):
    growth = Growth.CONSTANT
    paper = "nobody, nowhere"

    def __init__(self, key_dim, value_dim, slots=3):
        super().__init__(key_dim, value_dim)
        if slots < 1:
            raise ValueError("slots must be at least 1")
        self.slots = slots
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty plugin package that is the only one the (emptied) registry will find."""
    folder = tmp_path / f"plugins_{abs(hash(tmp_path))}"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(registry, "_modules", {})
    monkeypatch.setattr(registry, "_failures", {})
    monkeypatch.setattr(registry, "_scanned", False)
    entry = EntryPoint("third-party", folder.name, registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    monkeypatch.setattr(plugins, "danger", lambda name, entries: "")  # see test_plugins.py
    return folder


def a_memory(class_name: str, **facts: object) -> type[Memory]:
    return type(class_name, (Memory,), facts)


FACTS = {"growth": Growth.CONSTANT, "paper": "nobody, nowhere"}


def test_the_methods_of_this_repository_are_found_by_their_entry_point() -> None:
    assert {"gc", "stm"} <= set(registry.methods())
    assert list(registry.methods()) == sorted(registry.methods())


def test_a_file_dropped_into_a_scanned_package_appears(package: Path) -> None:
    (package / "dropped.py").write_text(GOOD.format(name="dropped"))
    assert list(registry.methods()) == ["dropped"]
    assert registry.failures() == {}


def test_a_broken_plugin_is_named_in_a_warning_and_the_others_still_load(package: Path) -> None:
    (package / "a_broken.py").write_text("import no_such_library_anywhere\n")
    (package / "b_good.py").write_text(GOOD.format(name="good"))
    with pytest.warns(registry.PluginWarning, match=r"a_broken.*no_such_library_anywhere") as seen:
        assert list(registry.methods()) == ["good"]
    assert len(seen) == 1
    name = f"{package.name}.a_broken"
    assert list(registry.failures()) == [name]
    assert registry.failures()[name].startswith("ModuleNotFoundError: ")
    assert "\n" not in registry.failures()[name]


def test_a_plugin_with_a_syntax_error_is_a_failure_in_one_line(package: Path) -> None:
    (package / "broken.py").write_text("def f(:\n")
    with pytest.warns(registry.PluginWarning, match="SyntaxError"):
        assert registry.methods() == {}
    assert "\n" not in registry.failures()[f"{package.name}.broken"]


def test_an_entry_point_without_its_package_is_a_failure(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = EntryPoint("gone", "no_such_package_anywhere", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [gone])
    with pytest.warns(registry.PluginWarning, match="no_such_package_anywhere"):
        assert registry.methods() == {}
    assert list(registry.failures()) == ["no_such_package_anywhere"]


def test_two_plugins_of_one_name_leave_the_first_and_name_both(package: Path) -> None:
    (package / "first.py").write_text(GOOD.format(name="same"))
    (package / "second.py").write_text(GOOD.format(name="same"))
    with pytest.warns(registry.PluginWarning, match="same"):
        found = registry.methods()
    assert found["same"].__module__ == f"{package.name}.first"
    (reason,) = registry.failures().values()
    assert f"{package.name}.first" in reason
    assert f"{package.name}.second" in reason


def test_packages_are_scanned_once(package: Path) -> None:
    assert registry.methods() == {}
    (package / "late.py").write_text(GOOD.format(name="late"))
    assert registry.methods() == {}


@pytest.mark.usefixtures("package")
def test_a_taken_name_is_a_plugin_error_that_names_both_classes() -> None:
    first, second = a_memory("First", **FACTS), a_memory("Second", **FACTS)
    registry.register("same")(first)
    with pytest.raises(PluginError, match=r"'same' is taken by .*First; .*Second"):
        registry.register("same")(second)
    assert registry.methods()["same"] is first


@pytest.mark.usefixtures("package")
def test_a_reloaded_class_may_take_its_own_name_again() -> None:
    registry.register("same")(a_memory("First", **FACTS))
    again = a_memory("First", **FACTS)
    registry.register("same")(again)
    assert registry.get("same") is again


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("fact", ["growth", "paper"])
def test_a_class_that_lacks_a_declared_fact_is_refused_by_name(fact: str) -> None:
    facts = {k: v for k, v in FACTS.items() if k != fact}
    with pytest.raises(PluginError, match=f"'lacking'.*`{fact}`"):
        registry.register("lacking")(a_memory("Lacking", **facts))
    assert registry.methods() == {}


def test_an_unknown_method_lists_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown method .smt.: did you mean stm or .*gc"):
        registry.get("smt")


def test_parameters_of_a_method_are_its_own_keywords_with_their_defaults(package: Path) -> None:
    (package / "dropped.py").write_text(GOOD.format(name="dropped"))
    assert registry.parameters("dropped") == {"slots": 3}
    assert registry.build("dropped", 2, 4).slots == 3
    assert registry.build("dropped", 2, 4, slots=5).slots == 5


@pytest.mark.usefixtures("package")
def test_keywords_behind_a_star_are_parameters_too() -> None:
    def init(self: object, *args: int, rate: float = 0.5, **others: object) -> None: ...

    registry.register("starred")(a_memory("Starred", **FACTS, __init__=init))
    assert registry.parameters("starred") == {"rate": 0.5}


def test_an_unknown_parameter_lists_the_nearest(package: Path) -> None:
    (package / "dropped.py").write_text(GOOD.format(name="dropped"))
    with pytest.raises(UsageError, match=r"parameter of dropped 'slot': did you mean slots\?"):
        registry.build("dropped", 2, 4, slot=5)


def test_a_value_that_the_method_refuses_is_a_usage_error(package: Path) -> None:
    (package / "dropped.py").write_text(GOOD.format(name="dropped"))
    with pytest.raises(UsageError, match=r"dropped refuses .*slots must be at least 1"):
        registry.build("dropped", 2, 4, slots=0)


def test_a_method_that_cannot_be_built_with_its_defaults_is_a_plugin_error(package: Path) -> None:
    (package / "dropped.py").write_text(GOOD.format(name="dropped").replace("=3", "=0"))
    (package / "lacking.py").write_text(GOOD.format(name="lacking").replace("=3", ""))
    with pytest.raises(PluginError, match="with defaults: ValueError: slots must be at least 1"):
        registry.build("dropped", 2, 4)
    with pytest.raises(PluginError, match="missing 1 required positional argument: 'slots'"):
        registry.build("lacking", 2, 4)
    assert registry.build("dropped", 2, 4, slots=1).slots == 1
    assert registry.build("lacking", 2, 4, slots=1).slots == 1


class Keen(Memory):
    """Leaves it to torch to find out what its parameters are."""

    growth = Growth.CONSTANT
    paper = "none"

    def __init__(
        self, key_dim: int, value_dim: int, rate: float = 0.5, warm: bool = True, kind: str = "dot",
    ) -> None:  # fmt: skip
        super().__init__(key_dim, value_dim)
        self.rate = rate  # used when it is read: too late to be told


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"rate": "abc"}, "rate='abc': expected a number, as in keen:rate=0.5"),
        ({"rate": True}, "rate=True: expected a number, as in keen:rate=0.5"),
        ({"warm": 2}, "warm=2: expected true or false, as in keen:warm=True"),
        ({"kind": 3}, "kind=3: expected a word, as in keen:kind=dot"),
    ],
)
def test_a_value_of_another_kind_than_the_default_is_refused_before_the_method_sees_it(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, object], wanted: str
) -> None:
    monkeypatch.setattr(registry, "_modules", {**registry.methods(), "keen": Keen})
    with pytest.raises(UsageError) as caught:
        registry.build("keen", 4, 6, **given)
    assert str(caught.value) == f"method keen refuses {wanted}"
    assert registry.build("keen", 4, 6, rate=1, warm=0, kind="cosine").value_dim == 6


def test_dimensions_reach_the_module() -> None:
    memory = registry.build("gc", 3, 5)
    assert (memory.key_dim, memory.value_dim) == (3, 5)
