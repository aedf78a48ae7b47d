"""Trials of the bridge: what it promises, tried at random and in large numbers against the sandbox."""
