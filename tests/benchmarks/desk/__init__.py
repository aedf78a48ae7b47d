"""The desk at a size nobody types in: `python -m tests.benchmarks.desk`, also `make bench-desk`.

SIZE=1 is 1,000,000 contacts and 5,000,000 actions. It measures every list, the searches, the page of a contact and the
start page over HTTP, beside the list of contact types, which holds seven rows and so costs what any page of the admin
costs. The plans of the statements behind them are written to var/plans/. With DESK_DATABASE_URL the rows are made in
that database, once, and stay there.
"""
