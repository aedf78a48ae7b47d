"""All data of one person: what is kept, the file they get of it, and how it goes."""
