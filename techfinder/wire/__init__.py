"""What goes over the wire of the JSON API: questions, answers and problems as pydantic models.

The API and :mod:`techfinder.client` share them, so they need no web server. A model's docstring and
its fields' descriptions are what readers of ``/api/docs`` see.
"""
