"""Rules from installed packages: found by entry point, run in a confined child process.

`contract` is what a package's author imports, `catalogue` finds what is installed, `runner` asks
a child process under limits and checks its answer, `child` and `confining` are that process,
`patching` lays a checked answer over a problem. A rule can mask options and charge money for
them, nothing else; a rule that misbehaves costs its say, never the decision.
"""
