"""What an executed cell keeps, and what is refused because another run would differ."""

import pytest
from nbformat.v4 import new_output

from autograder.building.outputs import OutputError, settle


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def shown(**data):
    return new_output("display_data", {k.replace("_", "/", 1): v for k, v in data.items()})


def test_pieces_of_a_stream_are_joined_up_to_the_next_picture():
    outputs = [stream("a\n"), stream("b\n"), shown(image_png="x"), stream("c\n")]
    kept = settle(outputs, "/course")
    assert [o.get("text") for o in kept] == ["a\nb\n", None, "c\n"]


def test_a_widgets_view_goes_and_its_text_stays():
    view = shown(text_plain="interactive(...)")
    view.data["application/vnd.jupyter.widget-view+json"] = {"model_id": "4f0c"}
    (kept,) = settle([view], "/course")
    assert dict(kept.data) == {"text/plain": "interactive(...)"}


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (stream("UserWarning: hm\n", "stderr"), "writes on stderr .UserWarning: hm"),
        (shown(text_plain="<Legend at 0x7f8a2c01d5b0>"), "a memory address .<Legend at 0x7f8a"),
        (shown(text_html="<p>&lt;X at 0xDEADBEEF&gt;"), "memory address"),
        (stream("at 0x7f8a2c01d5b0\n"), "memory address"),
        (stream("wrote /course/x.png\n"), "names a folder of this machine"),
    ],
)
def test_what_would_differ_is_refused(output, message):
    with pytest.raises(OutputError, match=message):
        settle([stream("fine\n"), output], "/course")


def test_a_hexadecimal_number_is_no_address():
    assert settle([stream("seed 0xBEEF01, look at 0.5\n")], "/course")
