"""The parts of the Evaluate tab: handlers as plain functions, its inputs on the left, its results on the right."""
