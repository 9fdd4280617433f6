"""What a result says: from rankings of the same candidates to values that charts and tables show.

Everything here is a function from frozen values to frozen values. An order says nothing of quality: that rankers agree
does not make them right.
"""
