"""JSON files with places."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credhelper.errors import ChangedMeanwhile, FileTrouble, InvalidFile
from credhelper.json_file import parse_json_object, read_json_file, unchanged, write_json_file

FILE = Path("config.json")
#: What means something in JSON, and what is escaped in it.
TEXT = st.text('{}[]":,\\ \n\u00e9', max_size=4)
VALUES = st.none() | st.integers() | TEXT | st.lists(TEXT) | st.dictionaries(TEXT, TEXT)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"credHelpers": 5}', 1, 17),
        ('{"credHelpers": {"x": 1}}', 1, 17),
        ('{\n\t"a": {"credHelpers": [1, "}"]},\n\t"credHelpers" :\n []}', 4, 2),
        # The last of two is the one that counts.
        ('{"credHelpers": {}, "credHelpers": 5}', 1, 36),
        ('{"\\u0063redHelpers": 5}', 1, 22),
    ],
)
def test_a_wrong_type_has_a_place(text: str, line: int, column: int) -> None:
    with pytest.raises(InvalidFile) as refused:
        parse_json_object(FILE, text).strings("credHelpers")
    assert (refused.value.line, refused.value.column) == (line, column)


@given(st.dictionaries(TEXT, VALUES, max_size=4), st.sampled_from([None, 1, "\t"]))
def test_every_member_has_its_place(members: dict[str, object], indent: int | str | None) -> None:
    text = json.dumps(members, indent=indent)
    places = parse_json_object(FILE, text).places
    assert {name: json.JSONDecoder().raw_decode(text, at)[0] for name, at in places.items()} == members


def test_the_indentation_is_kept_past_an_empty_line(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{\n\n  "a": 1\n}\n')
    write_json_file(read_json_file(path), {"a": 2})
    assert path.read_text() == '{\n  "a": 2\n}\n'


def test_a_file_that_nobody_has_written_by_hand_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with path.open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    with pytest.raises(InvalidFile, match="more than 16777216 bytes"):
        read_json_file(path)


def test_what_cannot_be_put_in_place_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path, backup = tmp_path / "config.json", tmp_path / "backup"
    path.write_text("{}")
    backup.mkdir()
    with pytest.raises(FileTrouble, match=r"cannot write .*config\.json"):
        write_json_file(read_json_file(path), {"a": 1}, backup=backup)
    assert {each.name for each in tmp_path.iterdir()} == {"config.json", "backup"}


@pytest.mark.parametrize("before", ['{"a": 1}', None])
def test_a_file_that_was_changed_meanwhile_is_left_as_it_is(tmp_path: Path, before: str | None) -> None:
    path, backup = tmp_path / "config.json", tmp_path / "backup"
    if before is not None:
        path.write_text(before)
    file = read_json_file(path)
    path.write_text('{"b": 2}')
    with pytest.raises(ChangedMeanwhile, match=r"config\.json: it was changed meanwhile; run this again"):
        write_json_file(file, {"c": 3}, backup=backup)
    assert path.read_text() == '{"b": 2}'
    assert [each.name for each in tmp_path.iterdir()] == ["config.json"]


def test_a_writer_waits_until_the_one_before_has_written(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    file = read_json_file(path)
    with ThreadPoolExecutor(1) as pool:
        with unchanged(file):
            second = pool.submit(write_json_file, file, {"second": 2})
            assert wait([second], 0.3).not_done
            path.write_text('{"first": 1}')
        with pytest.raises(ChangedMeanwhile):
            second.result()
    assert path.read_text() == '{"first": 1}'
