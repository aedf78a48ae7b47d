"""Versions that are there were published when they were saved. A draft may change until it is published, and no longer."""

from __future__ import annotations

from django.db import migrations

REFUSE = """
CREATE OR REPLACE FUNCTION engagement_refuse_version_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    forgotten text[] := '{created_by_id,published_by_id}'; -- of a colleague whose account was deleted
BEGIN
    IF OLD.published_at IS NOT NULL AND to_jsonb(NEW) - forgotten IS DISTINCT FROM to_jsonb(OLD) - forgotten THEN
        RAISE EXCEPTION 'email version % cannot change', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""
REFUSED = """
CREATE OR REPLACE FUNCTION engagement_refuse_version_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.template_id, NEW.number, NEW.subject, NEW.preheader, NEW.body, NEW.fallbacks, NEW.passages)
        IS DISTINCT FROM
       (OLD.template_id, OLD.number, OLD.subject, OLD.preheader, OLD.body, OLD.fallbacks, OLD.passages)
    THEN
        RAISE EXCEPTION 'email version % cannot change', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("engagement", "0022_email_drafts")]
    operations = [
        migrations.RunSQL(
            "UPDATE engagement_templateversion SET published_at = created_at, published_by_id = created_by_id",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(REFUSE, REFUSED),
    ]
