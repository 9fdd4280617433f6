"""Anything that gives scores to passages for a query: BM25 and cross-encoders, and where the latter come from."""
