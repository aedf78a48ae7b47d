"""What staff change: who, when, before, after.

The rows are written by triggers of the database, whatever way a change takes, for whoever is named in
contactflow.core.actor. Here stands how they are said to people (`rendering`), also in a contact's `timeline`.
"""
