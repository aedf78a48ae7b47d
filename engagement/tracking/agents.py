"""What the name a program gives itself says of who sits before it: crawlerdetect's list, and where we know better."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from crawlerdetect import CrawlerDetect

_PROXIES = ("googleimageproxy", "yahoomailproxy")  # fetch pictures when somebody opens the email
# Mail programs that the list takes for machines.
_MAIL_PROGRAMS = ("outlook", "ms-office", "msoffice", "thunderbird", "airmail", "superhuman", "mailspring")
# Machines that it does not know: what scans links, and libraries that fetch.
_MACHINES = (
    "headless", "phantomjs", "puppeteer", "playwright", "selenium", "barracuda", "mimecast", "proofpoint", "urldefense",
    "safelinks", "messagelabs", "symantec", "fireeye", "trendmicro", "forcepoint", "ironport", "okhttp", "libwww",
    "httpclient", "aiohttp", "httpx", "undici", "node-fetch", "axios", "guzzle", "wget", "powershell",
    "microsoft office protocol discovery",
    "microsoft-webdav", "link preview", "linkpreview", "mailscanner", "virustotal", "cloudmark", "urlscan",
)  # fmt: skip
_PLATFORM = re.compile(r"\(([^;()]+)")
_detect = CrawlerDetect()


class Kind(StrEnum):
    NONE = "none"  # gives no name
    MACHINE = "machine"
    PROXY = "proxy"  # fetches for a person, who opened the email
    PRIVACY = "privacy"  # Apple's: fetches whether or not anybody opened it
    PERSON = "person"  # a browser or mail program


@lru_cache(maxsize=4096)
def kind_of(agent: str) -> Kind:
    agent = agent.strip()
    folded = agent.lower()
    if not agent:
        return Kind.NONE
    if agent == "Mozilla/5.0":
        return Kind.PRIVACY
    if any(name in folded for name in _PROXIES):
        return Kind.PROXY
    if any(name in folded for name in _MACHINES):
        return Kind.MACHINE
    if any(name in folded for name in _MAIL_PROGRAMS):
        return Kind.PERSON
    return Kind.MACHINE if _detect.is_crawler(agent) else Kind.PERSON


def system_of(agent: str) -> str:
    """What it runs on, as far as it says."""
    found = _PLATFORM.search(agent)
    return found.group(1).strip().lower() if found else agent[:40].lower()
