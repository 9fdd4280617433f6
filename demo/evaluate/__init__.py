"""The command line `python -m demo.evaluate`: an evaluation without a page, that goes on where it was stopped."""
