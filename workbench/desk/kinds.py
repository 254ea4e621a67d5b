"""The kinds of items that wait for an operator."""

APPROVAL, QUESTION = "approval", "question"
