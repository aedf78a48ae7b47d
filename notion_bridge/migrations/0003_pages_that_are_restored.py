"""A page whose object came back is taken out of Notion's trash."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notion_bridge", "0002_the_bridge"),
    ]

    operations = [
        migrations.AlterField(
            model_name="pagelink",
            name="state",
            field=models.CharField(
                choices=[
                    ("creating", "Page is being created"),
                    ("linked", "In step"),
                    ("waiting", "Not taken over"),
                    ("duplicate", "Second page"),
                    ("trashed", "In Notion's trash"),
                    ("unshared", "Out of reach"),
                    ("moved", "Moved away"),
                    ("restoring", "Being restored"),
                    ("deleted", "Deleted here"),
                ],
                max_length=10,
            ),
        ),
    ]
