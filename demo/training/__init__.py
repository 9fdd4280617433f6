"""How the bundled cross-encoder was made: `python -m demo.training prepare|train|evaluate`.

A bi-encoder and BM25 together label as many (query, passage) pairs as one likes; a two-layer cross-encoder learns to
give the same order from the text alone. The app never imports this package.
"""
