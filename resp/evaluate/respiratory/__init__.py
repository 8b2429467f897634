"""Lung sounds: specificity, sensitivity and Score with a normal class."""
