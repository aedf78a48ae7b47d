"""The fault harness: what remains of every promise when processes and the database are killed in the middle."""
