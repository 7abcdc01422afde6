"""Headless Chromium, where one is installed."""

import os
import re
import shutil
import subprocess

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr",
)  # fmt: skip
DARK = "--blink-settings=preferredColorScheme=0"

needs_browser = pytest.mark.skipif(
    not CHROMIUM or bool(os.environ.get("VOSBENCH_NO_BROWSER")), reason="no Chromium installed"
)


def visit(page, profile, width, *flags):
    """What a script in the page left as its title, and what the browser logged."""
    command = [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={profile}",
               f"--window-size={width},900", "--virtual-time-budget=30000", "--dump-dom",
               page.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    title = re.search(r"<title>(.*?)</title>", done.stdout)[1]
    return title.replace("&quot;", '"').replace("&lt;", "<").replace("&amp;", "&"), done.stderr
