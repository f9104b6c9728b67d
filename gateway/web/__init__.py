"""The screens, as static files: one folder a page, `common` for all, `vendor` for libraries.

A page is `FOLDER/index.html`, which names its first module; modules import each other by relative
paths. There is no build step: `gateway.http.files` reads the folders when a process starts.
"""
