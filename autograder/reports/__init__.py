"""What a class did: tables for the terminal, a page, feedback for each student, and exports."""
