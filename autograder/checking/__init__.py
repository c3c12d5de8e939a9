"""How a student's function is judged: called safely, compared, explained, reported."""
