"""Modbus: boards with relays and inputs on TCP, on a serial line, or on a serial line over TCP.

`wire` makes links, `settings` says what a controller may have, `profile` what a board is.
"""
