"""The parts of the Compare tab: handlers as plain functions, its inputs on the left, its results on the right."""
