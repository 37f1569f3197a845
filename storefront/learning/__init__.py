"""Taking a course: lessons, how far one is, notes, questions, quizzes, certificates."""
