"""Several classes at once: how well each class ranks the items."""
