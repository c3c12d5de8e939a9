"""nbgrader's settings for this course. Both `nbgrader` and `autograder` read them."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent

c = get_config()

c.CourseDirectory.root = str(HERE)
c.CourseDirectory.course_id = "dltricks"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
# The hand-edited text of a chapter lies beside nbgrader's source and must not be released.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache", "*.py"]

# Grading does not draw the chapter's experiments again, and gives a cell the limits of the course.
c.Autograde.autograde_preprocessors = [
    "autograder.grading.execute.GradeExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.ExecutePreprocessor.timeout = 20

# Feedback without the code of hidden tests, and without script that a submission may contain.
c.GenerateFeedback.exporter_class = "autograder.reports.feedback.FeedbackExporter"
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "autograder.reports.feedback.Presentable",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# Kernels inherit these: where the seed of the hidden cases is (`autograder release` makes it), and
# one thread for each, so that sums are the same everywhere.
if (HERE / "course_secret").is_file():
    os.environ.setdefault("AUTOGRADER_SECRET_FILE", str(HERE / "course_secret"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
