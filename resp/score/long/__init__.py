"""Recordings that are too long to be taken into memory: scored in stretches, in memory that does not grow.

`resp.score.long.sound` reads and cuts, without torch; `resp.score.long.judge` asks the network.
"""
