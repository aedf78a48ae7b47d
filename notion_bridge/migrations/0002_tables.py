from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("engagement", "0001_tables"), ("notion_bridge", "0001_tables"), ("workflows", "0001_tables")]

    operations = [
        migrations.AddField(model_name="pagelink", name="instance", field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="notion_link", to="workflows.workflowinstance")),
        migrations.AddField(model_name="pagelink", name="task", field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="notion_link", to="engagement.task")),
        migrations.AddField(model_name="propertymapping", name="database", field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="mappings", to="notion_bridge.notiondatabase")),
        migrations.AddConstraint(model_name="requesttally", constraint=models.UniqueConstraint(fields=("minute", "outcome"), name="one_tally_per_outcome")),
        migrations.AddField(model_name="syncconflict", name="link", field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="conflicts", to="notion_bridge.pagelink")),
        migrations.AddField(model_name="syncentry", name="link", field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="entries", to="notion_bridge.pagelink")),
        migrations.AddField(model_name="syncproblem", name="database", field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="notion_bridge.notiondatabase")),
        migrations.AddField(model_name="syncproblem", name="link", field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="problems", to="notion_bridge.pagelink")),
        migrations.AddIndex(model_name="syncrun", index=models.Index(fields=["-started_at"], name="run_newest_first")),
        migrations.AddIndex(model_name="webhookdelivery", index=models.Index(condition=models.Q(("processed_at", None)), fields=["next_attempt_at"], name="webhook_unprocessed")),
        migrations.AddIndex(model_name="webhookdelivery", index=models.Index(fields=["-received_at", "-id"], name="webhook_newest_first")),
        migrations.AddIndex(model_name="pagelink", index=models.Index(condition=models.Q(("wanted_at__isnull", False)), fields=["database", "wanted_at"], name="link_wanted")),
        migrations.AddIndex(model_name="pagelink", index=models.Index(condition=models.Q(("contact", None), ("instance", None), ("state__in", ["creating", "linked"]), ("task", None)), fields=["database"], name="link_orphaned")),
        migrations.AddIndex(model_name="pagelink", index=models.Index(fields=["object_key"], name="link_of_object")),
        migrations.AddIndex(model_name="pagelink", index=models.Index(fields=["database", "state", "-id"], name="link_by_state")),
        migrations.AddConstraint(
            model_name="pagelink",
            constraint=models.CheckConstraint(condition=models.Q(models.Q(("instance", None), ("task", None)), models.Q(("contact", None), ("instance", None)), models.Q(("contact", None), ("task", None)), _connector="OR"), name="link_has_one_object"),
        ),
        migrations.AddConstraint(model_name="pagelink", constraint=models.CheckConstraint(condition=models.Q(("page_id__isnull", False), ("state__in", ["creating", "deleted"]), _connector="OR"), name="link_has_page")),
        migrations.AddConstraint(model_name="propertymapping", constraint=models.UniqueConstraint(fields=("database", "field"), name="one_property_per_field")),
        migrations.AddConstraint(model_name="propertymapping", constraint=models.UniqueConstraint(condition=models.Q(("property_id", ""), _negated=True), fields=("database", "property_id"), name="one_field_per_property")),
        migrations.AddConstraint(model_name="syncconflict", constraint=models.UniqueConstraint(condition=models.Q(("winner", "")), fields=("link", "field"), name="one_open_conflict_per_field")),
        migrations.AddIndex(model_name="syncentry", index=models.Index(fields=["link", "-at"], name="entry_of_link")),
        migrations.AddIndex(model_name="syncentry", index=models.Index(fields=["-at", "-id"], name="entry_newest_first")),
        migrations.AddConstraint(model_name="syncproblem", constraint=models.UniqueConstraint(condition=models.Q(("closed_at", None)), fields=("cause", "subject"), name="one_open_problem_per_subject")),
    ]
