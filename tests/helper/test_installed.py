"""The package as pip and pipx install it, and what the installed script lets in.

Needs a package index, as any installation does.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from credhelper import VERSION
from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.program import NAME, REGISTRY, ROOT, Program, install

VERSION_LINE = f"{NAME} (credhelper) {VERSION}\n"
PACKAGE = sorted(path.name for path in (ROOT / "credhelper").glob("*.py"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a package is built from: building leaves its traces in the tree."""
    copy = tmp_path_factory.mktemp("source") / "tree"
    copy.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "MANIFEST.in"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy / name)
    for name in ("credhelper", "chalicelib"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh virtual environment with the package's build requirement."""
    directory = tmp_path_factory.mktemp("builder")
    _run(sys.executable, "-m", "venv", directory)
    python = directory / "bin" / "python"
    _run(python, "-m", "pip", "install", "--quiet", "setuptools>=77")
    return python


def _run(*command: object, **environ: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _built(python: Path, source: Path, function: str, directory: Path) -> Path:
    """The archive that the build backend's `function` makes of `source`."""
    code = f"import sys; from setuptools import build_meta; build_meta.{function}(sys.argv[1])"
    subprocess.run(
        [python, "-c", code, directory],
        cwd=source,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    (archive,) = directory.iterdir()
    return archive


def test_the_wheel_holds_the_helper_alone(builder: Path, source: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(_built(builder, source, "build_wheel", tmp_path)) as wheel:
        files = [name for name in wheel.namelist() if ".dist-info/" not in name]
        grammar = wheel.read("credhelper/registry_host.py")
        script = next(name for name in files if name.endswith(f".data/scripts/{NAME}"))
        assert wheel.read(script) == (ROOT / "credhelper" / NAME).read_bytes()
    assert sorted(name.removeprefix("credhelper/") for name in files if name != script) == PACKAGE
    assert grammar == (ROOT / "chalicelib" / "registry_host.py").read_bytes()


def test_the_source_archive_builds_by_itself(builder: Path, source: Path, tmp_path: Path) -> None:
    archive = _built(builder, source, "build_sdist", tmp_path / "sdist")
    with tarfile.open(archive) as sdist:
        grammar = next(member for member in sdist if member.name.endswith("credhelper/registry_host.py"))
        assert grammar.isfile()
        sdist.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    (tmp_path / "wheel").mkdir()
    assert _built(builder, unpacked, "build_wheel", tmp_path / "wheel").name.endswith(".whl")


@pytest.mark.parametrize("installer", ["pip", "pipx"])
def test_an_installation_leaves_nothing_in_the_tree(source: Path, tmp_path: Path, installer: str) -> None:
    """A build/lib of yesterday would find its way into the package of tomorrow."""
    tree = shutil.copytree(source, tmp_path / "tree", symlinks=True)
    before = sorted(tree.rglob("*"))
    if installer == "pip":
        _run(sys.executable, "-m", "venv", tmp_path / "venv")
        _run(tmp_path / "venv" / "bin" / "pip", "install", "--quiet", "--no-deps", tree)
    else:
        environ = {"PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
        _run(sys.executable, "-m", "pipx", "install", tree, **environ)
    assert sorted(tree.rglob("*")) == before


@pytest.fixture(scope="module", params=["pip", "pipx", "pip --user"])
def installed(
    request: pytest.FixtureRequest, builder: Path, source: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The script as users install it: in a virtual environment, linked by pipx, below a home without one."""
    directory = tmp_path_factory.mktemp("a directory")
    if request.param == "pip":
        _run(sys.executable, "-m", "venv", directory)
        _run(directory / "bin" / "pip", "install", "--quiet", source)
        return directory / "bin" / NAME
    if request.param == "pipx":
        environ = {"PIPX_HOME": str(directory / "pipx"), "PIPX_BIN_DIR": str(directory / "bin")}
        _run(sys.executable, "-m", "pipx", "install", source, **environ)
        assert (directory / "bin" / NAME).is_symlink()
        return directory / "bin" / NAME
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) / "bin" / version
    options = ("--quiet", "--user", "--no-deps", "--break-system-packages")
    _run(base, "-m", "pip", "install", *options, source, PYTHONUSERBASE=str(directory))
    # botocore is there twice already; here the environment that runs the tests lends its own.
    (directory / "lib" / version / "site-packages" / "tests.pth").write_text(
        "\n".join(site.getsitepackages())
    )
    return directory / "bin" / NAME


@pytest.fixture
def real(installed: Path, program: Program) -> Program:
    path = f"{installed.parent}:{sys.base_prefix}/bin:/usr/bin:/bin"
    return Program(installed, program.home, program.environ | {"PATH": path})


def test_the_installed_script_answers_from_aws_and_from_memory(real: Program, aws: FakeAws) -> None:
    assert real.run("version").stdout == VERSION_LINE
    for _ in range(2):
        result = real.get(REGISTRY)
        assert (result.secret, result.stderr) == (SECRET, "")
    assert aws.tokens_asked == 1


@pytest.mark.parametrize("where", ["PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "working directory"])
@pytest.mark.parametrize("verb", ["get", "list", "init"])
def test_neither_variables_nor_the_working_directory_inject_code(
    program: Program, tmp_path: Path, where: str, verb: str
) -> None:
    mark = tmp_path / "mark"
    directory = program.home if where == "working directory" else tmp_path / "hostile"
    directory.mkdir(exist_ok=True)
    for module in ("sitecustomize", "usercustomize", "credhelper", "site", "json", "botocore", "encodings"):
        (directory / f"{module}.py").write_text(f"open({str(mark)!r}, 'w')\n")
    value = str(directory / "site.py" if where == "PYTHONSTARTUP" else directory)
    environ = {} if where == "working directory" else {where: value}
    arguments = ["init", "ecr.example.com", REGISTRY] if verb == "init" else [verb]
    for _ in range(2):
        result = program.run(*arguments, stdin=REGISTRY, environ=environ)
        assert (result.code, result.stderr) == (0, "")
    assert not mark.exists()


def test_a_cached_get_loads_nothing_that_takes_time(program: Program, tmp_path: Path) -> None:
    """In an installation of the test's own: what measures coverage is loaded as well."""
    program.get(REGISTRY)
    script = install(tmp_path / "unmeasured")
    python = script.with_name("python")
    timed = subprocess.run(
        [python, "-I", "-S", "-X", "importtime", script, "get"],
        input=REGISTRY.encode(),
        capture_output=True,
        env=program.environ,
        check=True,
    )
    assert SECRET in timed.stdout.decode()
    bare = subprocess.run(
        [python, "-I", "-S", "-X", "importtime", "-c", ""],
        capture_output=True,
        check=True,
        env=program.environ,
    )
    added = {line.rpartition(b"|")[2].strip().decode() for line in timed.stderr.splitlines()} - {
        line.rpartition(b"|")[2].strip().decode() for line in bare.stderr.splitlines()
    }
    ours = {name for name in added if name.partition(".")[0] == "credhelper"}
    assert "credhelper.cached_get" in ours
    # Of Python's own only the digest's extension module, where the build has not linked it in.
    assert added - ours <= {"_sha256", "_sha2"}


def test_the_console_entry_point_is_the_same_program(program: Program, aws: FakeAws) -> None:
    """Windows has it in place of the script."""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "credhelper", "get"],
            input=REGISTRY.encode(),
            capture_output=True,
            env=program.environ,
            cwd=program.home,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert SECRET in done.stdout.decode()
    assert aws.tokens_asked == 1


def test_a_link_to_a_link_and_a_relative_one_find_the_package(program: Program, tmp_path: Path) -> None:
    first = tmp_path / "bin one" / "first"
    second = tmp_path / NAME
    first.parent.mkdir()
    first.symlink_to(program.path)
    second.symlink_to(Path("bin one") / "first")
    assert Program(second, program.home, program.environ).run("version").stdout == VERSION_LINE


@pytest.fixture
def editable(program: Program) -> Program:
    """An installation whose package only a .pth file finds, as `pip install --editable` makes it."""
    directory = program.home.parent / "editable"
    venv.create(directory, symlinks=True)
    (library,) = (directory / "lib").glob("python*/site-packages")
    (library / "__editable__.pth").write_text(f"{ROOT}\n" + "\n".join(site.getsitepackages()))
    shutil.copy(ROOT / "credhelper" / NAME, directory / "bin" / NAME)
    return Program(directory / "bin" / NAME, program.home, program.environ)


def test_an_editable_installation_works(editable: Program) -> None:
    assert editable.run("version").stdout == VERSION_LINE
    for _ in range(2):
        assert editable.get(REGISTRY).secret == SECRET


@pytest.mark.parametrize("variable", ["PYTHONUSERBASE", "HOME"])
def test_an_editable_installation_runs_no_code_of_the_users_own_directory(
    editable: Program, tmp_path: Path, variable: str
) -> None:
    mark = tmp_path / "mark"
    hostile = tmp_path / "hostile"
    base = hostile if variable == "PYTHONUSERBASE" else hostile / ".local"
    library = base / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    library.mkdir(parents=True)
    (library / "x.pth").write_text(f"import sys; open({str(mark)!r}, 'w')\n")
    for module in ("usercustomize", "sitecustomize", "credhelper", "botocore"):
        (library / f"{module}.py").write_text(f"open({str(mark)!r}, 'w')\n")
    for arguments in (["version"], ["get"], ["init", "--help"]):
        result = editable.run(*arguments, stdin=REGISTRY, environ={variable: str(hostile)})
        assert (result.code, result.stderr) == (0, "")
    assert not mark.exists()
