"""The demo's content, made through the public API with signed requests, as any tool would.

Companies, people and prices are invented (see `demo/demo-data.json`).
"""
