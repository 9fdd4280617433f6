"""One catalogue for each language but English, in gettext's form, read by `demo.messages`.

A new language is one file here: copy `zh.po`, translate it, and give its header the language's code and the names under
which browsers ask for it (`X-Locales`). `python -m demo.locale` brings every catalogue up to date with the source.
"""
