"""A package that never finishes being imported."""

while True:
    pass
