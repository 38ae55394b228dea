"""Pages: scan station, portal, office, operator and developers' pages, in the reader's language.

A page handler authorises, calls one flow or query, and renders a template. Sessions and CSRF
hang on the page router only; the API knows neither.
"""
