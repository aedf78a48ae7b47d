"""Two years of a busy installation, written straight into the tables: what matters is how many rows there are, how
they are spread over time, brands and states, and that few of the many wait for a person."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction

CONTACTS = 1_000_000
ACTIONS_PER_CONTACT = 5
HEAVY = 10_000  # entries in the timeline of the first contact
TABLES = (
    "contacts_contact", "contacts_entitymembership", "contacts_contactevent", "contacts_consent",
    "contacts_contact_contact_types", "workflows_workflowinstance", "workflows_scheduledaction",
    "workflows_actionattempt", "workflows_controlentry", "engagement_message", "engagement_task", "engagement_alert",
    "engagement_delivery", "contactflow_auditentry",
)  # fmt: skip
FILLERS = {
    "varchar": "''", "text": "''", "int2": "0", "int4": "0", "int8": "0", "bool": "false", "jsonb": "'{}'",
    "_varchar": "'{}'", "_text": "'{}'", "timestamptz": "now()",
}  # fmt: skip

_PEOPLE = """
    INSERT INTO contacts_contact (id, email, first_name, last_name, company, job_title, tags, created_at, updated_at,
                                  last_interaction_at, status_id, lead_source_id)
    SELECT md5('contact' || n)::uuid, 'person' || n || '@company' || n %% 20011 || '.example',
        (ARRAY['Ada','Grace','Hilma','Alan','Mary','Noor','Ines','Jonas','Lena','Omar','Priya','Tomas'])[1 + n %% 12],
        initcap(substr(md5('name' || n %% 40009), 1, 3 + n %% 6)), 'Company ' || n %% 20011 || ' Ltd',
        CASE WHEN n %% 3 = 0 THEN 'Curator' ELSE '' END, '{}', born, born + interval '1 hour',
        CASE WHEN n %% 2 = 0 THEN born + interval '2 days' END,
        (SELECT min(id) FROM contacts_contactstatus WHERE is_default),
        (SELECT id FROM contacts_leadsource ORDER BY id LIMIT 1 OFFSET n %% 3)
    FROM generate_series(1, %(contacts)s) AS n,
        LATERAL (SELECT now() - interval '730 days' * (1 - n::float / %(contacts)s) AS born) AS age
"""
_MEMBERSHIPS = """
    INSERT INTO contacts_entitymembership (contact_id, business_entity_id, position, because, since)
    SELECT md5('contact' || n)::uuid, brand.id, brand.at, '{"code": "source_named_it"}',
        now() - interval '730 days' * (1 - n::float / %(contacts)s)
    FROM generate_series(1, %(contacts)s) AS n
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS at FROM contacts_businessentity) AS brand
        ON brand.at = n %% 3 OR (n %% 5 = 0 AND brand.at = (n + 1) %% 3)
"""
_TYPES = """
    INSERT INTO contacts_contact_contact_types (contact_id, contacttype_id)
    SELECT md5('contact' || n)::uuid, (SELECT id FROM contacts_contacttype ORDER BY id LIMIT 1 OFFSET n %% 7)
    FROM generate_series(1, %(contacts)s) AS n
"""
_EVENTS = """
    INSERT INTO contacts_contactevent (id, contact_id, kind, source, event_key, facts, decisions, outcome, received_at,
                                       processed_at)
    SELECT md5('event' || contact.id || again)::uuid, contact.id,
        CASE again WHEN 0 THEN 'new_contact' ELSE 'contact_updated' END, 'api', 'event' || contact.id || again,
        '{"contact_types": ["Artist"], "lead_source": "Website", "business_entities": [], "interests": [], "tags": []}',
        '[{"kind": "contact_type", "value": "Artist", "rule": "", "because": {"code": "source_named_it"}}]',
        '[{"workflow": "website_lead_nurturing", "matched": true, "because": {"code": "caller_named_it"}}]',
        contact.created_at + again * interval '9 days', contact.created_at + again * interval '9 days'
    FROM contacts_contact AS contact, generate_series(0, 1) AS again
    WHERE (again = 0 OR contact.email LIKE '%%3@%%') AND contact.created_at + again * interval '9 days' < now()
"""
_CONSENTS = """
    INSERT INTO contacts_consent (contact_id, channel, state, source, recorded_at)
    SELECT id, 'email', CASE WHEN email LIKE '%%77@%%' THEN 'withdrawn' ELSE 'granted' END, 'form', created_at
    FROM contacts_contact WHERE email LIKE '%%7@%%'
"""
_INSTANCES = """
    INSERT INTO workflows_workflowinstance (id, contact_id, template_id, version_id, business_entity_id, event_id,
                                            trigger_event, because, reentry_key, status, started_at, ended_at,
                                            updated_at)
    SELECT md5('instance' || n)::uuid, contact.id, workflow.id, workflow.current_version_id,
        (SELECT id FROM contacts_businessentity ORDER BY id LIMIT 1 OFFSET n %% 3), NULL, 'new_contact',
        '{"code": "lead_source", "has": ["Website"]}', 'once', state.status, state.began,
        CASE WHEN state.status <> 'active' THEN least(state.began + interval '8 days', now()) END, state.began
    FROM generate_series(1, %(instances)s) AS n
    JOIN contacts_contact AS contact ON contact.id = md5('contact' || 1 + (n - 1) %% %(contacts)s)::uuid
    JOIN (SELECT id, current_version_id, row_number() OVER (ORDER BY id) - 1 AS at FROM workflows_workflowtemplate)
        AS workflow ON workflow.at = (n + n / %(contacts)s) %% 9,
    LATERAL (SELECT least(contact.created_at + interval '30 days' * ((n - 1) / %(contacts)s), now()) AS began) AS time,
    LATERAL (SELECT time.began, CASE WHEN time.began > now() - interval '9 days' THEN 'active'
        WHEN n %% 50 = 0 THEN 'failed' WHEN n %% 97 = 0 THEN 'cancelled' ELSE 'completed' END AS status) AS state
"""
_ACTIONS = """
    INSERT INTO workflows_scheduledaction (id, instance_id, step_id, position, action_type, lane, target_id,
                                           template_id, due_at, next_attempt_at, status, attempts, reason,
                                           cause, result, started_at, finished_at)
    SELECT md5('action' || instance.id || step.id)::uuid, instance.id, step.id, step.position, step.action_type,
        CASE WHEN step.action_type = 'send_email' THEN 'outside' ELSE 'inside' END,
        step.target_id, step.template_id, due.at, due.at, state.status,
        (state.status IN ('done', 'failed', 'ambiguous', 'dead'))::int,
        CASE WHEN state.status = 'failed' AND luck.number < 0.001
                THEN '{"code": "sender_refused", "said": "553 5.7.1 Sender address rejected: not owned"}'
            WHEN state.status = 'failed'
                THEN '{"code": "mailbox_unknown", "said": "550 5.1.1 <person@company.example>: no such user"}'
            WHEN state.status = 'ambiguous' THEN '{"code": "worker_cut_off"}'
            ELSE '{}' END ::jsonb,
        CASE WHEN state.status = 'failed' AND luck.number < 0.001 THEN 'sender_refused'
            WHEN state.status = 'failed' THEN 'mailbox_unknown'
            WHEN state.status = 'ambiguous' THEN 'worker_cut_off' ELSE '' END,
        CASE WHEN state.status = 'skipped' THEN '{"reason": "another email went out shortly before"}' ELSE '{}' END
            ::jsonb,
        CASE WHEN state.status IN ('done', 'failed') THEN due.at + luck.number * interval '2 s' END,
        CASE WHEN state.status NOT IN ('pending', 'ambiguous') THEN due.at + luck.number * interval '6 s' END
    FROM workflows_workflowinstance AS instance
    JOIN workflows_step AS step ON step.version_id = instance.version_id,
    LATERAL (SELECT instance.started_at + step.delay_hours * interval '1 hour' AS at) AS due,
    LATERAL (SELECT random() + extract(epoch FROM due.at) * 0 AS number) AS luck,
    LATERAL (SELECT CASE WHEN due.at > now() THEN 'pending' WHEN luck.number < 0.0012 THEN 'failed'
        WHEN luck.number < 0.0013 THEN 'ambiguous' WHEN luck.number < 0.00131 THEN 'dead'
        WHEN luck.number < 0.02 THEN 'skipped' ELSE 'done' END AS status) AS state
"""
_ATTEMPTS = """
    INSERT INTO workflows_actionattempt (action_id, number, token, worker, started_at, ended_at, outcome, reason)
    SELECT id, 1, row_number() OVER (), 'host:1', coalesce(started_at, due_at), finished_at,
        CASE status WHEN 'done' THEN 'done' WHEN 'ambiguous' THEN 'ambiguous' ELSE 'failed' END, reason
    FROM workflows_scheduledaction WHERE status IN ('done', 'failed', 'ambiguous') AND action_type = 'send_email'
"""
_MESSAGES = """
    INSERT INTO engagement_message (id, action, contact_id, business_entity_id, version_id, sender, recipient, subject,
                                    text, html, message_id, status, transport, reason, created_at, sent_at)
    SELECT md5('message' || action.id)::uuid, action.id, instance.contact_id, instance.business_entity_id,
        email.current_version_id, 'Brand <crm@brand.example>', 'person@company.example', 'Good to meet you, Ada',
        repeat('Hello Ada, thank you for writing to us. ', 8),
        '<p>' || repeat('Hello Ada, thank you for writing to us. ', 8) || '</p>', '<' || action.id || '@brand.example>',
        CASE action.status WHEN 'done' THEN 'sent' WHEN 'dead' THEN 'failed' ELSE action.status END, 'smtp',
        action.reason, action.due_at, CASE WHEN action.status = 'done' THEN action.finished_at END
    FROM workflows_scheduledaction AS action
    JOIN workflows_workflowinstance AS instance ON instance.id = action.instance_id
    JOIN engagement_engagementtemplate AS email ON email.id = action.template_id
    WHERE action.status IN ('done', 'failed', 'ambiguous', 'dead') AND action.action_type = 'send_email'
"""
_TASKS = """
    INSERT INTO engagement_task (id, action, title, category, priority, status, source, due_at, created_at, updated_at,
                                 completed_at, business_entity_id, contact_id, target_id, assignee_id)
    SELECT md5('task' || action.id)::uuid, action.id, step.title, step.category, 'high', state.status, 'workflow',
        action.due_at + interval '1 day', action.due_at, action.due_at,
        CASE WHEN state.status = 'done' THEN action.due_at + interval '5 hours' END, instance.business_entity_id,
        instance.contact_id, action.target_id, NULL
    FROM workflows_scheduledaction AS action
    JOIN workflows_workflowinstance AS instance ON instance.id = action.instance_id
    JOIN workflows_step AS step ON step.id = action.step_id,
    LATERAL (SELECT CASE WHEN action.due_at < now() - interval '6 days' AND random() < 0.998 THEN 'done'
        WHEN random() < 0.3 THEN 'in_progress' ELSE 'to_do' END AS status) AS state
    WHERE action.status = 'done' AND action.action_type = 'create_task'
"""
_ALERTS = """
    INSERT INTO engagement_alert (id, action, title, message, priority, target_id, contact_id, business_entity_id,
                                  created_at, acknowledged_at, acknowledged_by)
    SELECT md5('alert' || action.id)::uuid, action.id, 'New contact', 'Somebody new arrived.', 'high',
        action.target_id, instance.contact_id, instance.business_entity_id, action.due_at, seen.at,
        CASE WHEN seen.at IS NOT NULL THEN 'boss' ELSE '' END
    FROM workflows_scheduledaction AS action
    JOIN workflows_workflowinstance AS instance ON instance.id = action.instance_id,
    LATERAL (SELECT CASE WHEN action.due_at < now() - interval '2 days' AND random() < 0.999
        THEN action.due_at + interval '20 minutes' END AS at) AS seen
    WHERE action.status = 'done' AND action.action_type = 'send_notification'
"""
_DELIVERIES = """
    INSERT INTO engagement_delivery (identity, alert_id, parts, sender, channel, address, transport, reason, status,
                                     attempts, next_attempt_at, finished_at)
    SELECT id, id, '{}', '{}', 'email', 'team@staff.example', 'smtp', '{}', 'sent', 1, created_at, created_at
    FROM engagement_alert
"""
_CONTROLS = """
    INSERT INTO workflows_controlentry (instance_id, action_id, verb, reason, actor, at)
    SELECT instance_id, id, 'retry', 'The server is back', 'boss', due_at + interval '1 hour'
    FROM workflows_scheduledaction WHERE status = 'done' AND action_type = 'create_task' ORDER BY id LIMIT 300000
"""
_AUDIT = """
    INSERT INTO contactflow_auditentry (at, actor, "table", object_id, label, verb, changes, path, contact_key, user_id)
    SELECT now() - (%(contacts)s - n) * interval '1 minute', 'colleague' || n %% 12,
        (ARRAY['contacts_contact', 'engagement_task', 'engagement_alert', 'contacts_consent', 'workflows_step'])
            [1 + n %% 5],
        CASE n %% 5 WHEN 0 THEN md5('contact' || n)::uuid::text ELSE n::text END, 'Person ' || n, 'changed',
        jsonb_build_object('company', jsonb_build_array('Company ' || n, 'Company ' || n + 1)), '/admin/',
        CASE WHEN n %% 5 = 0 THEN md5('contact' || n)::uuid END, NULL
    FROM generate_series(1, %(contacts)s) AS n
"""
_HEAVY = (
    """INSERT INTO contacts_contactevent (id, contact_id, kind, source, event_key, received_at, processed_at)
    SELECT md5('heavy' || n)::uuid, md5('contact1')::uuid, 'contact_updated', 'api', 'heavy' || n,
        now() - n * interval '1 hour', now() FROM generate_series(1, %(heavy)s * 4 / 10) AS n""",
    """INSERT INTO engagement_message (id, contact_id, recipient, subject, text, html, status, created_at, sent_at)
    SELECT md5('heavy' || n)::uuid, md5('contact1')::uuid, 'person1@company1.example', 'Letter ' || n, 'Hello', '',
        'sent', now() - n * interval '2 hours', now() - n * interval '2 hours'
    FROM generate_series(1, %(heavy)s * 3 / 10) AS n""",
    """INSERT INTO engagement_task (id, contact_id, title, priority, status, source, created_at, updated_at)
    SELECT md5('heavy' || n)::uuid, md5('contact1')::uuid, 'Task ' || n, 'low', 'to_do', 'manual',
        now() - n * interval '3 hours', now() FROM generate_series(1, %(heavy)s * 3 / 10) AS n""",
)
STATEMENTS = (
    _PEOPLE, _MEMBERSHIPS, _TYPES, _EVENTS, _CONSENTS, _INSTANCES, _ACTIONS, _ATTEMPTS, _MESSAGES, _TASKS, _ALERTS,
    _DELIVERIES, _CONTROLS, _AUDIT, *_HEAVY,
)  # fmt: skip


def fill(*, size: float, say: Callable[[str], None]) -> None:
    """Write the rows; nothing is done where they stand already. `size` is in millions of contacts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM contacts_contact)")
        if cursor.fetchone()[0]:
            return
    contacts = max(100, int(CONTACTS * size))
    sizes = {"contacts": contacts, "instances": _instances(contacts), "heavy": HEAVY}
    _set_defaults()
    with transaction.atomic(), connection.cursor() as cursor:
        # Neither triggers nor foreign keys look at each row, and indexes are built at the end: ten times as fast.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SELECT setseed(0.5)")
        indexes = _drop_indexes()
        for number, statement in enumerate((*STATEMENTS, *indexes), start=1):
            say(f"writing rows and indexes, {number} of {len(STATEMENTS) + len(indexes)}")
            cursor.execute(statement, None if statement in indexes else sizes)
    say("gathering statistics")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _drop_indexes() -> list[str]:
    """Drop those that no constraint needs; the statements that make them again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT index.indexrelid::regclass::text, pg_get_indexdef(index.indexrelid) FROM pg_index AS index "
            "JOIN pg_class AS of ON of.oid = index.indrelid WHERE of.relname = ANY(%s) AND NOT index.indisunique",
            [list(TABLES)],
        )
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f"DROP INDEX {name}")
    return [definition for _, definition in found]


def _instances(contacts: int) -> int:
    """As many as make five actions for each contact."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(step.id)::float / count(DISTINCT workflow.id) FROM workflows_workflowtemplate AS workflow "
            "JOIN workflows_step AS step ON step.version_id = workflow.current_version_id"
        )
        return int(contacts * ACTIONS_PER_CONTACT / cursor.fetchone()[0])


def _set_defaults() -> None:
    """For the columns that Django fills and the statements above do not name."""
    with connection.cursor() as columns:
        columns.execute(
            "SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_name = ANY(%s) "
            "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND column_name <> 'id'",
            [list(TABLES)],
        )
        for table, column, kind in columns.fetchall():
            if kind in FILLERS and not (kind.startswith("int") and column.endswith("_id")):
                columns.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET DEFAULT {FILLERS[kind]}')
