"""What staff change: who, when, before, after.

The rows are written by the database (the triggers among the migrations), whatever way a change takes; here stands who is at work at this
moment (`acting`), what there is to read (`trail`), and how it is said to people (`telling`).
"""
