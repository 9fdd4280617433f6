def __getattr__(name):
    return lambda *a: f"<p>{name}</p>"
