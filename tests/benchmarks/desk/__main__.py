"""`python -m tests.benchmarks.desk`."""

if __name__ == "__main__":
    from tests.benchmarks.desk import run

    run.main()
