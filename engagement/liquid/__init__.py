"""Liquid as staff may write it: a small part of the language, plain values, and limits on all it may cost."""
