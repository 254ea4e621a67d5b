"""The kinds of items that wait for an operator, and the noun that is all of them."""

APPROVAL, QUESTION, INBOX = "approval", "question", "inbox"
