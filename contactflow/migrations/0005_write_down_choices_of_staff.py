"""Who gets the digest, and which column of a list fills which field, are written down when staff change them."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contactflow", "0004_contact_merges"), ("workflows", "0008_lists_in_and_out")]
    operations = [
        migrations.RunSQL(
            """
            SELECT contactflow_watch('workflows_digestchoice', '', key => 'user_id'),
                   contactflow_watch('workflows_savedmapping', 'source', '{used_at,header_digest}');
            """,
            """
            DROP TRIGGER audit_row ON workflows_digestchoice;
            DROP TRIGGER audit_row ON workflows_savedmapping;
            """,
        )
    ]
