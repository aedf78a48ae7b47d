"""`bounces DIR`: reads the delivery reports in a folder (*.eml) and compares the verdicts with its expected.tsv
(file, report, enhanced_status, reply_code, reason, hard). Each that differs is named with why we say so."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engagement import bounces

WANTED = 0.97
NO_REPORT = "vacation"  # what is no report at all


def main(arguments: list[str]) -> int:
    import django

    django.setup()
    from engagement import bounces

    folder = Path(arguments[0])
    expected = defaultdict(list)
    with (folder / "expected.tsv").open() as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            expected[row["file"]].append(row)
    same = total = 0
    for name, rows in expected.items():
        found = bounces.read((folder / name).read_bytes())
        for number, row in enumerate(rows):
            report = found[number] if number < len(found) else None
            is_same = (report is not None and report.is_hard) == (row["hard"] == "true")
            is_taken_for_one = row["reason"] == NO_REPORT and report is not None
            same += is_same and not is_taken_for_one
            total += 1
            if not is_same or is_taken_for_one or (report is None and row["reason"] != NO_REPORT):
                print(f"{'differs' if not is_same else 'unread'}: {_named(name, number, row, report)}")
    print(f"{same} of {total} verdicts in {len(expected)} files: {same / total:.1%} (wanted {WANTED:.0%})")
    return 0 if same / total >= WANTED else 1


def _named(name: str, number: int, row: dict[str, str], report: bounces.Report | None) -> str:
    theirs = f"{name} {number + 1}: {row['reason']} ({'hard' if row['hard'] == 'true' else 'not hard'})"
    if report is None:
        return f"{theirs}; we read no report"
    codes = " ".join(filter(None, [report.answer.reply_code, report.answer.status])) or "no code"
    return f"{theirs}; we say {report.kind}, {report.verdict.reason} by {codes}: {report.answer.said[-120:]}"
