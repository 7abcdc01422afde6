"""What tests of data need of the environment."""

import pytest


@pytest.fixture(autouse=True)
def _loopback_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
