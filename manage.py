#!/usr/bin/env python
"""Contactflow's command line."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from contactflow import embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "contactflow.settings")
    embedded.attach_for(sys.argv)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
