"""`make trials`: what the bridge promises, tried in large numbers. NAME=twoway for one of them, SIZE=0.1 for a tenth.

Prints a table and ends with 1 when a promise is broken.
"""

if __name__ == "__main__":
    from tests.notion_bridge.trials import running

    running.main()
