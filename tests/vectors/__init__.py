"""Cases every engine of the rules must pass: Python, the store's Lua, the handheld page."""
