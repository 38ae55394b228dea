"""The only place where all is wired: the ASGI app, the worker, the command line, the demo run."""
