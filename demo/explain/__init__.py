"""Why a passage has its score, one file for each way to find out.

BM25 is a sum over the query's terms, so it explains itself (`Bm25Index.term_weights`); a cross-encoder does not, and is
asked by leaving words out (`occlusion`).
"""

from demo.explain.occlusion import occlude as occlude
