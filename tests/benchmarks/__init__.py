"""How fast Contactflow is, each figure beside a bare reference that makes the same writes in the same run.

`make bench` starts a PostgreSQL of its own with the settings of production (every commit reaches the disk), loads the
default content, and starts gunicorn, the workers and an SMTP sink as processes on free loopback ports. It takes less
than five minutes and leaves nothing behind. `SIZE=0.1 make bench` is a tenth of it, `SIZE=4 make bench` four times.

| table | ours | beside |
|---|---|---|
| contacts | POST new-contact over HTTP: four clients, one client | psycopg inserting the same rows, as many of it |
| actions | create_task through the engine: one process, the workers | psycopg, the same writes and commits |
| mails | send_email through the engine to the sink: likewise | smtplib, the same bytes, and psycopg likewise |
| latency | 10 requests a second: from sending one to its first immediate action | the goal |

How to read it. Contestants take turns, round after round, so that whatever else the machine does hits all of them;
each figure is the median of the rounds, and the share of the reference is the median of the shares within a round.
The references read nothing, decide nothing and know beforehand what to write: they are the ceiling the database sets
with these writes, not another implementation of the same job. What they write is copied from rows that Contactflow
itself wrote at the start of the run, so they keep step with it; the first table counts statements and commits on both
sides, and shows where a reference fell behind.
"""
