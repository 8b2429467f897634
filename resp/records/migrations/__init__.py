"""How records of an older program become those of this one, step by step; nothing goes back."""
