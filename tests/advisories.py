"""`python -m tests.advisories`: known vulnerabilities in the locked packages, where their list can be reached."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

LOCK_FILES = ("requirements.txt", "requirements-dev.txt")
PATIENCE = 60  # seconds


def main() -> int:
    packages = audit()
    known = [package for package in packages if "vulns" in package]
    if not known:
        print("skipped: no vulnerability data reachable")
        return 0
    affected = [package for package in known if package["vulns"]]
    for package in affected:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {found['id']}, corrected in {fixed}")
    unknown = len(packages) - len(known)
    print(f"{len(known)} packages looked up, {len(affected)} affected" + (f", {unknown} unknown" if unknown else ""))
    return 1 if affected else 0


def audit() -> list[dict[str, Any]]:
    """What pip-audit says about each package; nothing when it cannot reach its data in time."""
    files = [argument for name in LOCK_FILES for argument in ("--requirement", name)]
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner=off", "--timeout=10"]
    try:
        done = subprocess.run([*command, "--format=json", *files], capture_output=True, timeout=PATIENCE, check=False)
        return list(json.loads(done.stdout)["dependencies"])
    except (subprocess.TimeoutExpired, ValueError):
        return []


if __name__ == "__main__":
    sys.exit(main())
