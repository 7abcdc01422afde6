import os
import subprocess
from contextlib import suppress

import pytest

from vosbench.errors import DataError
from vosbench.results import ensure_writable


def test_a_folder_is_made_with_its_parents_and_left_empty(tmp_path):
    ensure_writable(tmp_path / "a" / "b", "--out")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_missing_folder_can_be_tried_out_without_being_made(tmp_path):
    ensure_writable(tmp_path / "a" / "b", "--out", make=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"--out .*file/inner/more cannot be written"):
        ensure_writable(tmp_path / "file" / "inner" / "more", "--out", make=False)


def test_a_file_in_the_way_is_named_with_its_option_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(DataError, match=r"--out .*file.* cannot be written") as caught:
            ensure_writable(path, "--out")
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_found_out(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        ensure_writable(disk / "fits", "--out")
        with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        with pytest.raises(DataError, match="No space left on device"):
            ensure_writable(disk / "fits", "--out")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
