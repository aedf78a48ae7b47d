"""What a spam filter makes of the shipped emails, as whole messages."""

from __future__ import annotations

import itertools
import mailbox
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from contacts import defaults as contact_defaults
from contacts.models import BusinessEntity
from engagement import defaults, delivery
from engagement.channels import mime
from engagement.delivery import Order
from engagement.models import EngagementTemplate
from tests.factories import NOW, ContactFactory

PROGRAM = shutil.which("spamassassin")
WORST = 2.0

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.spamassassin,
    pytest.mark.skipif(PROGRAM is None, reason="SpamAssassin is not installed"),
]


@pytest.fixture
def shipped(settings) -> dict[str, bytes]:
    """Every shipped email as it goes over the wire, of every brand that may send it, in both languages."""
    settings.EMAIL_URL, settings.PUBLIC_URL = "", "https://crm.brand.example"
    settings.DEFAULT_FROM_EMAIL = "Contactflow <hello@brand.example>"
    contact_defaults.load()
    defaults.load()
    BusinessEntity.objects.update(postal_address="1 Gallery Lane\nOldtown 1234")
    about = {
        "first_name": "Ada", "last_name": "Lovelace", "company": "Lovelace Studio", "job_title": "Painter",
        "interests": ["painting", "wellness"], "tags": ["Newsletter"], "custom": {"Consultant": "Jane"},
    }  # fmt: skip
    people = [ContactFactory(email=f"ada-{locale}@example.org", locale=locale, **about) for locale in ("en", "de")]
    found = {}
    for template in EngagementTemplate.objects.select_related("current_version", "business_entity"):
        brands = [template.business_entity] if template.business_entity else BusinessEntity.objects.all()
        for brand, person in itertools.product(brands, people):
            (made,) = delivery.prepare([Order(uuid.uuid4(), template, person, brand)], now=NOW)
            assert not isinstance(made, Exception), (template.slug, made)
            assert made[0].rendered.language == person.locale
            found[f"{template.slug} of {brand}, {person.locale}"] = mime.build(made[0].envelope)
    return found


def scores(messages: dict[str, bytes], folder: Path) -> dict[str, tuple[float, str]]:
    """What it says of each, without asking the network: points, and the tests that hit."""
    box = mailbox.mbox(folder / "shipped")
    for content in messages.values():
        box.add(content)
    box.close()
    said = subprocess.run(
        [str(PROGRAM), "--local", "--mbox", str(folder / "shipped")], capture_output=True, text=True, check=True
    ).stdout
    found = re.findall(
        r"^X-Spam-Status: \w+, score=(-?[\d.]+) [^\n]*\n?\s*tests=((?:[^\n]|\n\s)*?) autolearn", said, re.M
    )
    assert len(found) == len(messages), said[:2000]
    return {name: (float(score), tests) for name, (score, tests) in zip(messages, found, strict=True)}


def test_no_shipped_email_looks_like_spam(shipped, tmp_path) -> None:
    found = scores(shipped, tmp_path)

    for name, (score, tests) in sorted(found.items()):
        print(f"{score:5.1f} {name}: {' '.join(tests.split())}")
    assert len(found) >= 38
    assert {name: one for name, one in found.items() if one[0] >= WORST} == {}
