"""What an operator sees and does: nouns, verbs, and the words for them. No widget, no argument, no SQL."""
