"""Notebooks from text: the executed solution, and what students get.

A chapter is edited in one place, ``solutions/NN_topic/NN_topic.py``. `build_chapters` makes of it
``solutions/NN_topic/NN_topic.ipynb`` (executed, with outputs) and, by nbgrader's own step,
``notebooks/NN_topic/NN_topic.ipynb``; `check_chapters` tells whether the two still fit the text;
`release` registers a chapter in the gradebook.
"""

from autograder.building.chapters import build_chapters, check_chapters
from autograder.building.release import release

__all__ = ["build_chapters", "check_chapters", "release"]
