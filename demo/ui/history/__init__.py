"""The last runs of one visitor, side by side and as a session file; all of it lives in the visitor's own browser."""
