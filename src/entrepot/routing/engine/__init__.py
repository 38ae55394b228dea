"""The engine: `routing-problem/1` in, `routing-plan/1` out, pure and exact.

Imports only the kernel, msgspec and numpy (and highspy inside waves, when one is asked for).
"""
