"""Lists of people, in and out: uploaded, understood, previewed, applied; chosen, gathered, downloaded.

Every line of an import goes through workflows.imports.Door, as it does from the command line.
"""
