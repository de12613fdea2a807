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


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_every_member_has_its_place(value: object) -> None:
    text = json.dumps({"before": [1], "value": value, "after": ""}, indent=1)
    file = parse_json_object(FILE, text)
    assert json.JSONDecoder().raw_decode(text, file.places["value"])[0] == value
