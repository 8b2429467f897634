"""``resp records …``: one file a command, no logic of its own."""
