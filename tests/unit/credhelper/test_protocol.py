"""What ends a run from within: a defect of ours, and an interruption."""

from __future__ import annotations

import pytest

from credhelper.protocol import CREDENTIALS_NOT_FOUND, NAME, serve
from credhelper.settings import HelperSettings

SECRET = "hunter2"


def _defective() -> bytes:
    raise LookupError(SECRET)


def _interrupted() -> bytes:
    raise KeyboardInterrupt


def test_a_defect_ends_no_pull_and_shows_nothing_of_what_it_met(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(["get"], HelperSettings({"HOME": "/nowhere"}), _defective, 0.0) == 1
    output = capsys.readouterr()
    assert output.out == f"{CREDENTIALS_NOT_FOUND}\n"
    assert output.err.startswith(f"{NAME}: unexpected LookupError at test_protocol.py:")
    assert output.err.count("\n") == 1
    assert SECRET not in output.err


def test_an_interruption_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(["get"], HelperSettings({"HOME": "/nowhere"}), _interrupted, 0.0) == 130
    assert capsys.readouterr() == ("", "")


def _unreadable() -> bytes:
    raise PermissionError(13, "Permission denied", f"user:{SECRET}@ecr.example.com/x")


def test_a_path_that_ends_a_run_is_cut_at_a_credential(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(["get"], HelperSettings({"HOME": "/nowhere"}), _unreadable, 0.0) == 1
    assert capsys.readouterr().err == f"{NAME}: Permission denied: ***@ecr.example.com/x\n"
