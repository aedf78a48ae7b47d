"""Lists of people in the admin: imports in four steps, exports in two."""
