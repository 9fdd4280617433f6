"""How the bundled cross-encoders were made: `python -m demo.training prepare|train|mean|evaluate|robustness`.

A bi-encoder and BM25 together label as many (query, passage) pairs as one likes, and known answers tell where both are
wrong. A cross-encoder learns to give that order from the text alone. The app never imports this package.
"""
