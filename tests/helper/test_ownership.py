"""What belongs to others: `init` writes none of it, and the cache neither reads nor writes it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.program import REGISTRY, ROOT, Program

DOMAIN = "ecr.example.com"
NOBODY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give files away")


def everything_in(directory: Path) -> dict[Path, tuple[int, int, bytes]]:
    """Path -> user, mode and content, of all that is below."""
    found = {}
    for path in directory.rglob("*"):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found[path] = (status.st_uid, status.st_mode, content)
    return found


def give_away(home: Path) -> None:
    """Make the home, and what is in it, another user's."""
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def _empty_home(_: Program) -> None:
    return


def _with_config(program: Program) -> None:
    program.configure_docker("{}")


def _linked_directory(program: Program) -> None:
    system = program.home.parent / "system"
    system.mkdir()
    (system / "config.json").write_text("{}")
    (program.home / ".docker").symlink_to(system)


def _linked_file(program: Program) -> None:
    (program.home.parent / "precious.json").write_text("{}")
    program.docker_config.parent.mkdir()
    program.docker_config.symlink_to(program.home.parent / "precious.json")


@as_root
@pytest.mark.parametrize("prepare", [_empty_home, _with_config, _linked_directory, _linked_file])
def test_the_superuser_writes_nothing_into_another_users_home(
    program: Program, prepare: Callable[[Program], None]
) -> None:
    prepare(program)
    give_away(program.home)
    before = everything_in(program.home.parent)
    for arguments in (["init", REGISTRY], ["init", DOMAIN, REGISTRY]):
        result = program.run(*arguments)
        assert result.code == 1
        assert f"belongs to another user (uid {NOBODY}); run this as that user, or set HOME" in result.stderr
        assert everything_in(program.home.parent) == before


@as_root
@as_root
@pytest.mark.parametrize("arguments", [("--remove", DOMAIN), ("--remove", "--all")], ids=" ".join)
def test_nothing_is_removed_where_a_link_leads_into_another_users_directory(
    program: Program, arguments: tuple[str, ...]
) -> None:
    theirs = program.home.parent / "theirs"
    theirs.mkdir()
    (theirs / "config.json").write_text(json.dumps({"credHelpers": {DOMAIN: "ecr-custom"}}))
    give_away(theirs)
    (program.home / ".docker").symlink_to(theirs)
    before = everything_in(theirs)
    result = program.run("init", *arguments)
    assert result.code == 1
    assert f"belongs to another user (uid {NOBODY})" in result.stderr
    assert everything_in(theirs) == before


def test_a_get_of_the_superuser_makes_no_cache_in_another_users_home(program: Program) -> None:
    """It would lock that user out of his own cache."""
    give_away(program.home)
    before = everything_in(program.home)
    result = program.get(REGISTRY)
    assert result.secret == SECRET
    assert "the directory belongs to another user" in result.stderr
    assert everything_in(program.home) == before


@as_root
def test_owner_and_mode_of_a_file_are_kept(program: Program) -> None:
    program.configure_docker("{}")
    program.docker_config.chmod(0o640)
    os.chown(program.docker_config, 0, NOBODY)
    assert program.run("init", DOMAIN, REGISTRY).code == 0
    status = program.docker_config.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, NOBODY, 0o640)


def test_owner_and_mode_are_set_on_the_open_file(tmp_path: Path) -> None:
    """By path, they could be set on what somebody has put in the file's place."""
    (tmp_path / "config.json").write_text("{}")
    code = """
import sys
from pathlib import Path
from credhelper.json_file import read_json_file, write_json_file
changed = []
sys.addaudithook(lambda event, args: event in ("os.chmod", "os.chown") and changed.append(args[0]))
write_json_file(read_json_file(Path(sys.argv[1])), {"a": 1})
assert changed and all(isinstance(each, int) for each in changed), changed
"""
    command = [sys.executable, "-c", code, str(tmp_path / "config.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "config.json").read_text()) == {"a": 1}


def test_new_directories_are_closed_to_others_whatever_the_umask(program: Program) -> None:
    command = ["/bin/sh", "-c", 'umask 0; "$0" init "$1" "$2" --containers-auth && echo "$2" | "$0" get']
    subprocess.run(
        [*command, program.path, DOMAIN, REGISTRY], env=program.environ, capture_output=True, check=True
    )
    modes = {
        str(path.relative_to(program.home)): stat.S_IMODE(path.stat().st_mode)
        for path in program.home.rglob("*")
    }
    assert {path for path, mode in modes.items() if mode & 0o077} == set()
    assert {".config", ".config/containers", ".docker", ".ecr", ".ecr/custom"} <= set(modes)


def planted(program: Program) -> Path:
    """The one token in the cache, replaced by one of another's; its file."""
    assert program.get(REGISTRY).secret == SECRET
    (token,) = program.cache.glob("token-*")
    token.write_text(token.read_text().replace(SECRET, "planted"))
    assert program.get(REGISTRY).secret == "planted"
    return token


def _open_directory(program: Program, _: Path) -> None:
    program.cache.chmod(0o755)


def _foreign_directory(program: Program, _: Path) -> None:
    os.chown(program.cache, NOBODY, NOBODY)


def _link_to_a_directory(program: Program, _: Path) -> None:
    program.cache.rename(program.home / "elsewhere")
    program.cache.symlink_to(program.home / "elsewhere")


@pytest.mark.parametrize(
    "spoil", [_open_directory, pytest.param(_foreign_directory, marks=as_root), _link_to_a_directory]
)
def test_a_directory_that_others_can_reach_is_no_cache(
    program: Program, aws: FakeAws, spoil: Callable[[Program, Path], None]
) -> None:
    spoil(program, planted(program))
    before = everything_in(program.home)
    result = program.get(REGISTRY)
    assert result.secret == SECRET
    assert "the token is not kept: " in result.stderr
    assert result.stderr.count("\n") == 1
    assert aws.tokens_asked == 2
    assert everything_in(program.home) == before


def _foreign_file(_: Program, token: Path) -> None:
    os.chown(token, NOBODY, NOBODY)


def _open_file(_: Program, token: Path) -> None:
    token.chmod(0o640)


def _link_to_a_file(program: Program, token: Path) -> None:
    token.rename(program.home / "elsewhere")
    token.symlink_to(program.home / "elsewhere")


def _fifo(_: Program, token: Path) -> None:
    token.unlink()
    os.mkfifo(token, 0o600)


@pytest.mark.parametrize(
    "spoil", [pytest.param(_foreign_file, marks=as_root), _open_file, _link_to_a_file, _fifo]
)
def test_a_file_that_is_not_a_private_one_is_replaced(
    program: Program, aws: FakeAws, spoil: Callable[[Program, Path], None]
) -> None:
    token = planted(program)
    spoil(program, token)
    assert program.get(REGISTRY).secret == SECRET
    status = token.lstat()
    assert stat.S_ISREG(status.st_mode)
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (os.geteuid(), 0o600)
    assert aws.tokens_asked == 2


def test_a_fifo_in_place_of_the_lock_holds_nobody_up(program: Program) -> None:
    program.cache.mkdir(parents=True, mode=0o700)
    os.mkfifo(program.cache / "lock", 0o600)
    assert program.get(REGISTRY).secret == SECRET


@pytest.mark.parametrize("path", [".ecr/custom.json", ".docker/config.json"])
def test_a_fifo_in_place_of_a_configuration_file_is_refused(program: Program, path: str) -> None:
    fifo = program.home / path
    fifo.parent.mkdir(parents=True)
    os.mkfifo(fifo)
    for arguments in (["get"], ["init", DOMAIN, REGISTRY]):
        result = program.run(*arguments, stdin="any.example.com", environ={"AWS_ECR_CUSTOM_DISCOVER": ""})
        assert result.code == 1
        assert f"cannot read {fifo}: it is not a regular file" in result.stderr
