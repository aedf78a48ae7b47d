"""`make bench`. The clients that measurements start load this file again, so it loads nothing for them."""

if __name__ == "__main__":
    from tests.benchmarks import run

    run.main()
