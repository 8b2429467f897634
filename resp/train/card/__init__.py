"""The model card: made from a model folder and the run it comes from, never by hand."""

from resp.train.card.make import Card, make_card, write_model_card

__all__ = ["Card", "make_card", "write_model_card"]
