"""Measured against what is not in the project, or too long for a test. `python -m tests.engagement.trials NAME ...`"""
