import json
import os

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from autograder.grading import submission
from autograder.grading.submission import Cell, Unreadable, digest, parse, read

NAME = "01_initialization"


def written(folder, content=None, name=f"{NAME}.ipynb"):
    notebook = new_notebook(cells=[new_code_cell("x = 1", id="a")])
    path = folder / name
    path.write_bytes(nbformat.writes(notebook).encode() if content is None else content)
    return path


def test_what_matters_of_a_cell_is_read():
    cell = new_code_cell("f = abs", id="here", outputs=[])
    cell.metadata = {"nbgrader": {"grade_id": "f", "schema_version": 99}, "tags": ["x"]}
    notebook = nbformat.writes(new_notebook(cells=[cell])).encode()
    assert parse(notebook) == (Cell("code", "f = abs", "f", "here"),)


def test_a_notebook_of_an_old_jupyter_is_read():
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("x = 2")])]
    )
    old["nbformat"], old["nbformat_minor"] = 3, 0
    assert [cell.source for cell in parse(json.dumps(old).encode())] == ["x = 2"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{not json", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a notebook"),
        (b'{"nbformat": "4"}', "not a notebook"),
        (b'{"nbformat": 4}', "not known"),
        (b'{"nbformat": 5, "cells": []}', "not known"),
        (b'{"nbformat": 3, "worksheets": 7}', "damaged"),
        (json.dumps({"nbformat": 4, "cells": [{}] * 2_001}).encode(), "more than 2000 cells"),
    ],
)
def test_what_is_no_notebook_is_unreadable_and_says_why(content, why):
    with pytest.raises(Unreadable, match=why):
        parse(content)


@given(
    st.one_of(
        st.binary(max_size=50),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "nbformat",
                            "cells",
                            "cell_type",
                            "source",
                            "metadata",
                            "nbgrader",
                            "grade_id",
                            "id",
                        ]
                    ),
                    inner | st.sampled_from([3, 4, "code", "markdown"]),
                    max_size=6,
                )
            ),
            max_leaves=25,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_anything_gives_cells_or_is_unreadable(content):
    try:
        cells = parse(content)
    except Unreadable:
        return
    for cell in cells:
        assert cell.kind in ("code", "markdown", "raw")
        assert isinstance(cell.source + cell.grade_id + cell.id, str)
        cell.source.encode()  # can be written


def test_lone_surrogates_are_replaced():
    data = b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "a\\ud800b"}]}'
    assert parse(data)[0].source == "a?b"


def test_another_name_is_taken_if_there_is_one_notebook(tmp_path):
    written(tmp_path, name="final version.ipynb")
    handed = read(tmp_path, NAME)
    assert [cell.source for cell in handed.cells] == ["x = 1"]
    assert handed.notes == ("the notebook was called final version.ipynb",)


def test_several_notebooks_of_other_names_are_not_guessed_among(tmp_path):
    written(tmp_path, name="a.ipynb")
    written(tmp_path, name="b.ipynb")
    with pytest.raises(Unreadable, match="none of the 2 notebooks is called"):
        read(tmp_path, NAME)


def test_no_notebook(tmp_path):
    with pytest.raises(Unreadable, match=f"there is no {NAME}.ipynb"):
        read(tmp_path, NAME)


def test_a_link_is_not_followed(tmp_path):
    target = tmp_path / "elsewhere"
    target.mkdir()
    folder = tmp_path / "handed"
    folder.mkdir()
    (folder / f"{NAME}.ipynb").symlink_to(written(target))
    with pytest.raises(Unreadable, match="a link or no file"):
        read(folder, NAME)


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / f"{NAME}.ipynb")
    with pytest.raises(Unreadable, match="a link or no file"):
        read(tmp_path, NAME)


def test_a_large_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "SIZE_LIMIT", 10)
    written(tmp_path)
    with pytest.raises(Unreadable, match="larger than"):
        read(tmp_path, NAME)


def test_other_files_are_named(tmp_path):
    written(tmp_path)
    for name in ("numpy.py", "notes.txt", ".hidden", "timestamp.txt"):
        (tmp_path / name).touch()
    assert read(tmp_path, NAME).notes == ("other files were not used: notes.txt, numpy.py",)


def test_a_digest_changes_with_what_is_read_and_with_nothing_else(tmp_path):
    path = written(tmp_path)
    before = digest(tmp_path, NAME)
    (tmp_path / "other.txt").write_text("x")
    os.utime(path, (0, 0))
    assert digest(tmp_path, NAME) == before
    (tmp_path / submission.TIMESTAMP).write_text("2030-01-01 10:00:00 UTC")
    late = digest(tmp_path, NAME)
    path.write_bytes(path.read_bytes() + b"\n")
    assert len({before, late, digest(tmp_path, NAME)}) == 3


def test_a_digest_of_what_cannot_be_read(tmp_path):
    nothing = digest(tmp_path, NAME)
    (tmp_path / f"{NAME}.ipynb").symlink_to("/nowhere")
    assert digest(tmp_path, NAME) != nothing
