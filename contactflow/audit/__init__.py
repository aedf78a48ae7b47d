"""What staff change: who, when, before, after.

The rows are written by triggers of the database, whatever way a change takes, for whoever is named in
contactflow.core.actor. Here stands what there is to read (`queries`), and how it is said to people (`rendering`).
"""
