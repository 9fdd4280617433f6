"""The parts of the Rerank tab: handlers as plain functions, the inputs on the left, the results on the right."""
