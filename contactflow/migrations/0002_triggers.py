"""Every change a person makes is written down by the database itself, so that no way of changing a row is missed.

The triggers fire only while `contactflow.actor` names somebody (contactflow.core.actor sets it for a request): what machines
do costs them one look at that setting. A new table is added to WATCHED.
"""

from __future__ import annotations

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION contactflow_audit_write(
    of_table text, of_object text, label text, verb text, changes jsonb, contact_key uuid
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO contactflow_auditentry
        (at, user_id, actor, "table", object_id, label, verb, changes, path, contact_key)
    VALUES (
        clock_timestamp(),
        nullif(current_setting('contactflow.user_id', true), '')::bigint,
        left(current_setting('contactflow.actor', true), 150),
        of_table, left(of_object, 64), left(coalesce(label, ''), 300), verb, coalesce(changes, '{}'),
        left(coalesce(current_setting('contactflow.path', true), ''), 300),
        contact_key
    )
$$;

-- Arguments: the key's column; columns of the label, the first that holds something ("a b|c": a with b, else c);
-- columns that say nothing to a person; columns whose values nobody may read here.
CREATE FUNCTION contactflow_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
    became jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) END;
    either jsonb := was || became;
    left_out text[] := TG_ARGV[2]::text[] || TG_ARGV[0];
    secret text[] := TG_ARGV[3]::text[];
    found jsonb;
    label text;
BEGIN
    SELECT jsonb_object_agg(name, CASE
        WHEN name = ANY(secret) THEN '["***", "***"]'::jsonb
        ELSE jsonb_build_array(was -> name, became -> name)
    END)
    INTO found
    FROM jsonb_object_keys(either) AS name
    WHERE name <> ALL(left_out)
      AND coalesce(was -> name, 'null') <> coalesce(became -> name, 'null')
      AND (TG_OP = 'UPDATE' OR either -> name NOT IN ('null', '""', '[]', '{}'));
    IF TG_OP = 'UPDATE' AND found IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT words INTO label
    FROM (
        SELECT choice.place, concat_ws(' ', VARIADIC array_agg(nullif(either ->> part.name, '') ORDER BY part.place))
        FROM unnest(string_to_array(TG_ARGV[1], '|')) WITH ORDINALITY AS choice(names, place),
             unnest(string_to_array(choice.names, ' ')) WITH ORDINALITY AS part(name, place)
        GROUP BY choice.place
    ) AS offered(place, words)
    WHERE words <> '' ORDER BY place LIMIT 1;
    PERFORM contactflow_audit_write(
        TG_TABLE_NAME, either ->> TG_ARGV[0], label,
        CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END,
        found,
        CASE WHEN TG_TABLE_NAME = 'contacts_contact' THEN either ->> 'id' ELSE either ->> 'contact_id' END::uuid
    );
    RETURN NULL;
END $$;

-- A member of a list of rows. Arguments: the table and column of the owner, the field's name, the member's column.
CREATE FUNCTION contactflow_audit_member() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    link jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    member jsonb := link -> TG_ARGV[3];
BEGIN
    PERFORM contactflow_audit_write(
        TG_ARGV[0], link ->> TG_ARGV[1], '', 'changed',
        jsonb_build_object(TG_ARGV[2], CASE
            WHEN TG_OP = 'DELETE' THEN jsonb_build_array(member, NULL) ELSE jsonb_build_array(NULL, member)
        END),
        (link ->> 'contact_id')::uuid
    );
    RETURN NULL;
END $$;

-- What was kept about a person goes with the person; that, when and by whom something was changed stays.
CREATE FUNCTION contactflow_audit_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE contactflow_auditentry AS entry
    SET label = '', changes = (
        SELECT coalesce(jsonb_object_agg(name, '[null, null]'::jsonb), '{}') FROM jsonb_object_keys(entry.changes) AS name
    )
    WHERE contact_key = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_then_forget AFTER DELETE ON contacts_contact
    FOR EACH ROW EXECUTE FUNCTION contactflow_audit_forget();

CREATE FUNCTION contactflow_watch(
    watched text, label text, left_out text[] DEFAULT '{}', secret text[] DEFAULT '{}', key text DEFAULT 'id'
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW '
        'WHEN (current_setting(''contactflow.actor'', true) <> '''') '
        'EXECUTE FUNCTION contactflow_audit_row(%L, %L, %L, %L)',
        watched, key, label, left_out || '{created_at,updated_at,loaded_digest}', secret
    );
END $$;

CREATE FUNCTION contactflow_watch_members(
    watched text, owner text, owner_column text, field text, member_column text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER audit_member AFTER INSERT OR DELETE ON %I FOR EACH ROW '
        'WHEN (current_setting(''contactflow.actor'', true) <> '''') '
        'EXECUTE FUNCTION contactflow_audit_member(%L, %L, %L, %L)',
        watched, owner, owner_column, field, member_column
    );
END $$;
"""

WATCHED = """
SELECT contactflow_watch('contacts_businessentity', 'name'),
       contactflow_watch('contacts_contacttype', 'name'),
       contactflow_watch('contacts_leadsource', 'name'),
       contactflow_watch('contacts_contactstatus', 'name'),
       contactflow_watch('contacts_classificationrule', 'name'),
       contactflow_watch('contacts_routingrule', 'name'),
       contactflow_watch('contacts_contact', 'first_name last_name|email', '{email_typed,last_interaction_at,searched}'),
       contactflow_watch_members('contacts_contact_contact_types', 'contacts_contact', 'contact_id', 'contact_types', 'contacttype_id'),
       contactflow_watch_members('contacts_entitymembership', 'contacts_contact', 'contact_id', 'business_entities', 'business_entity_id'),
       contactflow_watch('contacts_consent', 'channel state'),
       contactflow_watch('contacts_suppression', 'email');

SELECT contactflow_watch('engagement_target', 'name'),
       contactflow_watch_members('engagement_target_people', 'engagement_target', 'target_id', 'people', 'user_id'),
       contactflow_watch('engagement_engagementtemplate', 'name'),
       contactflow_watch('engagement_templateversion', 'subject', '{created_by_id}'),
       contactflow_watch('engagement_task', 'title', '{action}'),
       contactflow_watch('engagement_alert', 'title', '{action,acknowledged_by}'),
       contactflow_watch('engagement_channelstate', 'channel', '{troubles}', key => 'channel');

SELECT contactflow_watch('workflows_workflowtemplate', 'name'),
       contactflow_watch('workflows_workflowversion', 'number', '{published_by_id}'),
       contactflow_watch_members('workflows_workflowversion_contact_types', 'workflows_workflowversion', 'workflowversion_id', 'contact_types', 'contacttype_id'),
       contactflow_watch_members('workflows_workflowversion_lead_sources', 'workflows_workflowversion', 'workflowversion_id', 'lead_sources', 'leadsource_id'),
       contactflow_watch('workflows_step', 'title|position'),
       contactflow_watch('workflows_plannedtouch', 'day'),
       contactflow_watch('workflows_digestchoice', '', key => 'user_id'),
       contactflow_watch('workflows_savedmapping', 'source', '{used_at,header_digest}');

SELECT contactflow_watch('notion_bridge_notionconnection', 'workspace', '{switched_at,switched_by,paused_at,paused_because,changed_at,token_shown,bot_id}', '{webhook_token,refused_key}'),
       contactflow_watch('notion_bridge_notiondatabase', 'kind', '{schema,schema_seen_at,problem,problem_at,retry_at,troubles,read_until,page_cursor,polled_at,full_pass_at,full_pass,compared_until,comparison}'),
       contactflow_watch('notion_bridge_propertymapping', 'field', '{trouble,by_staff}');

SELECT contactflow_watch('contactflow_apikey', 'name', '{last_used_at}', '{digest}'),
       contactflow_watch('auth_user', 'username', '{last_login,date_joined}', '{password}'),
       contactflow_watch_members('auth_user_groups', 'auth_user', 'user_id', 'groups', 'group_id'),
       contactflow_watch_members('auth_user_user_permissions', 'auth_user', 'user_id', 'user_permissions', 'permission_id'),
       contactflow_watch('auth_group', 'name'),
       contactflow_watch_members('auth_group_permissions', 'auth_group', 'group_id', 'permissions', 'permission_id');
"""

UNWATCHED = """
DROP FUNCTION contactflow_watch(text, text, text[], text[], text);
DROP FUNCTION contactflow_watch_members(text, text, text, text, text);
DROP FUNCTION contactflow_audit_row() CASCADE;
DROP FUNCTION contactflow_audit_member() CASCADE;
DROP FUNCTION contactflow_audit_forget() CASCADE;
DROP FUNCTION contactflow_audit_write(text, text, text, text, jsonb, uuid);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contactflow", "0001_tables"),
        ("contacts", "0002_tables"),
        ("engagement", "0001_tables"),
        ("notion_bridge", "0002_tables"),
        ("workflows", "0001_tables"),
    ]
    operations = [migrations.RunSQL(FUNCTIONS + WATCHED, UNWATCHED)]
