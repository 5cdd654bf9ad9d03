"""Readers of lists: whatever a file holds, they return what they promise or say what is wrong."""

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets import DatasetError
from datasets.preparation.listing import read_identities, read_idx
from datasets.preparation.rows import read_index

ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text("0123456789,. /\\abc\n\r\t", max_size=60).map(str.encode),
)
# An index whose first row names no modality, whatever follows.
HEADER = b"path,identity,camera,modality,split1,sha256,greyscale\na.jpg,1,1,neither,train,00,0\n"
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(reader, file, data):
    """What a reader finds in a file of these bytes, or None after an error that names the file."""
    file.write_bytes(data)
    try:
        return reader(file, "REMEDY")
    except DatasetError as error:
        assert str(file) in str(error)
        return None


@FUZZ
@given(data=ANYTHING)
def test_an_identity_list_gives_sorted_distinct_numbers_or_an_error(tmp_path, data):
    found = read(read_identities, tmp_path / "list.txt", data)
    if found is not None:
        assert found and found == sorted(set(found)) and all(type(identity) is int for identity in found)


@FUZZ
@given(data=ANYTHING)
def test_an_index_file_gives_paths_inside_the_folder_or_an_error(tmp_path, data):
    for path, label in read(read_idx, tmp_path / "idx.txt", data) or []:
        assert (tmp_path / path).resolve().is_relative_to(tmp_path.resolve())
        assert ".." not in PurePosixPath(path).parts and label >= 0


@FUZZ
@given(data=st.one_of(ANYTHING, ANYTHING.map(lambda data: HEADER + data)))
def test_a_broken_index_is_an_error(tmp_path, data):
    file = tmp_path / "images.csv"
    file.write_bytes(data)
    with pytest.raises(DatasetError, match=r"images\.csv"):
        read_index(file)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file is empty"),
        ("1,2\n3,4\n", "found 2 lines, expected one line"),
        ("1,two,3\n", "found 'two', expected identities"),
        ("1,2,1\n", "identity 1 is listed twice"),
        ("-4\n", "found '-4'"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(tmp_path: Path, text: str, complaint: str):
    file = tmp_path / "list.txt"
    file.write_text(text)
    with pytest.raises(DatasetError, match=complaint):
        read_identities(file, "REMEDY")


def test_a_list_that_is_no_text_is_said_to_be(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe1\x00,\x002\x00")
    with pytest.raises(DatasetError, match="cannot be read as text"):
        read_identities(tmp_path / "list.txt", "REMEDY")


def test_windows_line_ends_and_spaces_are_read(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf6, 10,17\r\n")
    assert read_identities(tmp_path / "list.txt", "REMEDY") == [6, 10, 17]
    (tmp_path / "idx.txt").write_bytes(b"Visible/1/a b.bmp 0\r\nVisible/2/c.bmp 1\r\n")
    assert read_idx(tmp_path / "idx.txt", "REMEDY") == [("Visible/1/a b.bmp", 0), ("Visible/2/c.bmp", 1)]
