"""Lists of people, in and out: read, understood, previewed, applied; chosen, gathered, downloaded.

One pipeline, whoever brings a list: the command makes a run and works on it itself, the admin leaves it to the workers.
"""
