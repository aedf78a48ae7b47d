"""How fast Contactflow is, each figure beside references that make the same writes in the same run.

`make bench` starts a PostgreSQL of its own with the settings of production (every commit reaches the disk), loads the
default content, and starts the web server, the workers and an SMTP sink as processes on free loopback ports, all on two
cores. It takes about eight minutes and leaves nothing behind. `SIZE=0.1 make bench` is a tenth of it; PARTS="anatomy
mails" are these two alone; `python -m tests.benchmarks profile mail` says where the milliseconds of one go.

| part | ours | beside |
|---|---|---|
| anatomy | statements, commits of a contact, a line, an action, a mail, an idle round | the goals |
| contacts | POST new-contact over HTTP: four clients, one client | a bare DRF view; psycopg without HTTP |
| served | from a request to its first immediate action; memory of each process before and after | the goals |
| actions | create_task through the engine: one process, the workers | psycopg, procrastinate, django-q2 |
| mails | send_email through the engine: one intent, ten, the workers | smtplib + psycopg, post_office, the sink |
| tracking | opens and clicks over HTTP: requests a second, p99 | a bare Django view that writes the same row |
| list | import_contacts --start-workflows: seconds, peak memory | COPY of the same rows into the same tables |

How to read it. Contestants take turns, round after round, so that whatever else the machine does hits all of them;
each figure is the median of the rounds, and a share of another's is the median of the shares within a round. The loops
of psycopg and smtplib read nothing, decide nothing and know beforehand what to write: they are the ceiling the database
sets with these writes, not another implementation of the same job. What they write is copied from rows that Contactflow
itself wrote at the start of the run, so they keep step with it; statements and commits are counted by the server.
"""
