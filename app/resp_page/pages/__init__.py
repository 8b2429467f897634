"""The pages: one file each, each with ``show``."""
