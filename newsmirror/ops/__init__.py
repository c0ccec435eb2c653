"""Extensions: they watch signals and write what a person at a terminal sees."""
