"""The fence sequence of the engine, the promise that a published version never changes, and what renews the revision."""

from __future__ import annotations

from django.db import migrations

FENCE = ("CREATE SEQUENCE workflows_fence AS bigint", "DROP SEQUENCE workflows_fence")

VERSION_GUARD = (
    """
    CREATE FUNCTION workflows_refuse_published_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.published_at IS NOT NULL AND (
            NEW.template_id, NEW.number, NEW.events, NEW.interests, NEW.tags, NEW.reentry, NEW.reentry_days,
            NEW.published_at
        ) IS DISTINCT FROM (
            OLD.template_id, OLD.number, OLD.events, OLD.interests, OLD.tags, OLD.reentry, OLD.reentry_days,
            OLD.published_at
        ) THEN
            RAISE EXCEPTION 'workflow version % is published and cannot change', OLD.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER published_version_is_immutable BEFORE UPDATE ON workflows_workflowversion
        FOR EACH ROW EXECUTE FUNCTION workflows_refuse_published_version();
    """,
    """
    DROP TRIGGER published_version_is_immutable ON workflows_workflowversion;
    DROP FUNCTION workflows_refuse_published_version();
    """,
)

STEP_GUARD = (
    """
    CREATE FUNCTION workflows_refuse_published_step() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT 1 FROM workflows_workflowversion
            WHERE id IN (OLD.version_id, NEW.version_id) AND published_at IS NOT NULL
        ) THEN
            RAISE EXCEPTION 'steps of a published workflow version cannot change'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN COALESCE(NEW, OLD);
    END $$;
    CREATE TRIGGER published_step_is_immutable BEFORE INSERT OR UPDATE OR DELETE ON workflows_step
        FOR EACH ROW EXECUTE FUNCTION workflows_refuse_published_step();
    """,
    """
    DROP TRIGGER published_step_is_immutable ON workflows_step;
    DROP FUNCTION workflows_refuse_published_step();
    """,
)


# What workflows.active_workflows keeps (contacts.config_revision).
KEPT = (
    """
    SELECT contacts_keep_in_memory(
        'workflows_workflowtemplate', 'workflows_workflowversion', 'workflows_workflowversion_contact_types',
        'workflows_workflowversion_lead_sources', 'workflows_step', 'workflows_plannedtouch')
    """,
    migrations.RunSQL.noop,  # the triggers go with their function
)


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_tables"), ("contacts", "0003_triggers")]
    operations = [migrations.RunSQL(sql, reverse) for sql, reverse in (FENCE, VERSION_GUARD, STEP_GUARD, KEPT)]
