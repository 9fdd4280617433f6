"""Rerank Lens: what a cross-encoder changes in a BM25 ranking, by how much, why, and at what cost."""
