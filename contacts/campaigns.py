"""Parameters that advertisements and newsletters put into addresses of pages, and forms and lists pass on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

# utm_*, and the click ids of those who send advertisements and send newsletters.
NAMES: Final = re.compile(
    r"utm_\w{1,60}|gclid|gclsrc|dclid|gbraid|wbraid|gad_\w{1,60}|srsltid|fbclid|_fb[cp]|igshid|msclkid|ttclid|twclid"
    r"|li_fat_id|epik|rdt_cid|sccid|yclid|ymclid|mc_[ce]id|_hsenc|_hsmi|mkt_tok|vero_id|wickedid|irclickid",
    re.IGNORECASE,
)


def of(told: Mapping[Any, Any]) -> dict[str, Any]:
    """Those among what was told, as they are."""
    return {name: value for name, value in told.items() if isinstance(name, str) and NAMES.fullmatch(name)}
