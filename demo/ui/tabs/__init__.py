"""One file per tab; each has a `build(settings, service, label)` that makes its components."""
