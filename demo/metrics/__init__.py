"""Figures that sum up rankings: how far they agree and, with judgments, how good they are."""
