"""Failures and films in the page."""

import pytest

from tests.report.fabricated import fabricate
from tests.report.test_page import PIXEL
from vosbench.report import render
from vosbench.report.gallery import EACH


@pytest.fixture
def store(tmp_path):
    return fabricate(tmp_path / "store", ("gc", "stm"), harnesses=("accuracy",))


def leave(store, method, name, content):
    """The file in the folder of every cell of a method."""
    cells = [cell for cell in store.cells() if cell.method == method]
    for cell in cells:
        file = store.path.parent / "strips" / cell.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return len(cells)


def section(tmp_path, name):
    page = render(tmp_path / "store", tmp_path / "out").read_text(encoding="utf-8")
    _, found, rest = page.partition(f'<section id="{name}">')
    return rest.split("</section>")[0] if found else None


def test_a_page_without_failures_or_films_has_no_gallery(store, tmp_path):
    assert section(tmp_path, "failures-seen") is None
    assert section(tmp_path, "films") is None


def test_a_swap_is_shown_with_method_sequence_and_frame(store, tmp_path):
    leave(store, "stm", "failure-swap-00017.webp", PIXEL)
    shown = section(tmp_path, "failures-seen")
    assert "stm takes one object for another, frame 17 (davis2016, seq00)" in shown
    assert shown.count("data:image/webp") == EACH
    assert "1 more lie in the store" in shown


def test_a_loss_of_one_method_does_not_push_out_anothers(store, tmp_path):
    leave(store, "gc", "failure-loss-00003.webp", PIXEL)
    leave(store, "stm", "failure-loss-00005.webp", PIXEL)
    shown = section(tmp_path, "failures-seen")
    assert "gc loses an object that is in sight, frame 3" in shown
    assert "stm loses an object that is in sight, frame 5" in shown


def test_films_play_in_the_page(store, tmp_path):
    leave(store, "gc", "overlay.mp4", b"a film")
    leave(store, "stm", "overlay.webp", b"RIFF")
    shown = section(tmp_path, "films")
    assert shown.count("<video") == 4
    assert shown.count("data:image/webp") == 4


def test_films_beyond_the_page_s_limit_are_counted_not_embedded(store, tmp_path):
    leave(store, "gc", "overlay.mp4", b"0" * 3 * 2**20)
    shown = section(tmp_path, "films")
    assert shown.count("<video") == 2
    assert "2 more lie in the store" in shown


def test_key_maps_are_shown_on_one_sequence_for_each_method(store, tmp_path):
    assert section(tmp_path, "keys") is None
    leave(store, "gc", "keys.webp", b"RIFF of gc")
    leave(store, "stm", "keys.webp", b"RIFF of stm")
    shown = section(tmp_path, "keys")
    assert shown.count("data:image/webp") == 2
    assert "gc key channels that vary most (davis2016, seq00)" in shown


def test_key_maps_that_are_equal_are_shown_once(store, tmp_path):
    leave(store, "gc", "keys.webp", b"RIFF")
    leave(store, "stm", "keys.webp", b"RIFF")
    assert section(tmp_path, "keys").count("data:image/webp") == 1
