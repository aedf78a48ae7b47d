"""The fault harness: what remains of every promise when processes and the database are killed in the middle.

`make chaos` does SIZE actions (2,000: half of them mails to an SMTP server that takes its time, half of them tasks)
with two clusters of workers, while processes are killed with SIGKILL (60, every other one while it hands over), whole
clusters stopped and let go on (8; the last is never let go on and has to be replaced), and the database server killed
(3). KILLS, FREEZES and CRASHES say other numbers. Then it counts: every action done once, or unclear and said to be so,
and no more of these than kills.

The same harness runs two designs that are known to break, and has to catch them; each is our engine with one rule
changed by a trigger in the database of the harness (see `rules`).

- *retry*: a hand-over whose lease expired is tried again. It has to be caught sending twice.
- *mark first*: a hand-over is taken as done once it began, which is what writing "done" before sending comes to: what
  becomes of a hand-over that a crash cut off is the same. It has to be caught losing mail.
"""
