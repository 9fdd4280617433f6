"""How fast scoring is: `python -m demo.benchmark`. Never imported by the app.

A machine's speed drifts from minute to minute, so what is compared is measured in turns within one run, and the figure
to trust is the ratio. Ratios are medians over the repeats, with the least and the greatest beside them.
"""
