"""A machine that trusts one authority, and batches that are to be pushed."""

from pathlib import Path

import pytest

from tests.fakes.certificates import Authority


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine trusts."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority
