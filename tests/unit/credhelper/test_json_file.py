"""JSON files with places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credhelper.errors import InvalidFile
from credhelper.json_file import parse_json_object

FILE = Path("config.json")
#: What means something in JSON, and what is escaped in it.
TEXT = st.text('{}[]":,\\ \n\u00e9', max_size=4)
VALUES = st.none() | st.integers() | TEXT | st.lists(TEXT) | st.dictionaries(TEXT, TEXT)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"credHelpers": 5}', 1, 17),
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
