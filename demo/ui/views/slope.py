"""The ranking change between first stage and reranker: the rank flow with two columns."""

from demo.ui.views.flow import slope

__all__ = ["slope"]
