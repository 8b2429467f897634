"""One class of several: accuracy and what is behind it."""
