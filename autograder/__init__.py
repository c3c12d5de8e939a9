"""The autograder of the dltricks course.

Students need one name, which every check cell uses:

>>> from autograder import check

``check("he_normal", he_normal)`` tells at once whether the function is right, and if not, which
mistake it is. Instructors use the command ``autograder``.
"""

from autograder.checking.check import Points, check, yours

__all__ = ["Points", "check", "yours"]
