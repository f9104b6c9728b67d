"""Four hundred days of a venue, written straight into the central database, a day at a time.

As if a gateway had streamed them: events, attendance by minute, states of tickets. `$1` is the
number of a day, `$2` the local day itself.
"""
