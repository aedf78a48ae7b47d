"""The words of an email version never change: a message can always be explained by the words it had."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("engagement", "0001_tables"), ("contacts", "0003_triggers")]
    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION engagement_refuse_version_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF (NEW.template_id, NEW.number, NEW.subject, NEW.preheader, NEW.body, NEW.fallbacks, NEW.passages)
                    IS DISTINCT FROM
                   (OLD.template_id, OLD.number, OLD.subject, OLD.preheader, OLD.body, OLD.fallbacks, OLD.passages)
                THEN
                    RAISE EXCEPTION 'email version % cannot change', OLD.id
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER template_version_is_immutable BEFORE UPDATE ON engagement_templateversion
                FOR EACH ROW EXECUTE FUNCTION engagement_refuse_version_change();
            """,
            """
            DROP TRIGGER template_version_is_immutable ON engagement_templateversion;
            DROP FUNCTION engagement_refuse_version_change();
            """,
        ),
        # What the steps of workflows name is kept in memory with them (contacts.config_revision).
        migrations.RunSQL(
            "SELECT contacts_keep_in_memory('engagement_target', 'engagement_engagementtemplate')",
            migrations.RunSQL.noop,  # the triggers go with their function
        ),
    ]
