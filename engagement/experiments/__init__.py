"""A/B tests of an email's words: who gets which, what came of it, and whether that says anything."""
