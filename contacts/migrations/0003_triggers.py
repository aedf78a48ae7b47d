"""An address is one person's; and what is kept in memory has a revision.

No second person can have an address, as their present or as a former one.
After the row, not before it: an insert that waited for a merge under way then sees what the merge committed. The error
is that of a unique index, which contacts.intake takes as "somebody was quicker" and looks again.
"""

from __future__ import annotations

import secrets

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_tables")]
    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION contacts_refuse_former_address() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT 1 FROM contacts_formeraddress WHERE email = NEW.email AND contact_id <> NEW.id) THEN
                    RAISE EXCEPTION 'somebody else is known by this address' USING ERRCODE = 'unique_violation';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER contact_address_is_free AFTER INSERT OR UPDATE OF email ON contacts_contact
                FOR EACH ROW EXECUTE FUNCTION contacts_refuse_former_address();

            CREATE FUNCTION contacts_refuse_present_address() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT 1 FROM contacts_contact WHERE email = NEW.email AND id <> NEW.contact_id) THEN
                    RAISE EXCEPTION 'somebody else has this address' USING ERRCODE = 'unique_violation';
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER former_address_is_free AFTER INSERT OR UPDATE ON contacts_formeraddress
                FOR EACH ROW EXECUTE FUNCTION contacts_refuse_present_address();
            """,
            """
            DROP TRIGGER contact_address_is_free ON contacts_contact;
            DROP FUNCTION contacts_refuse_former_address();
            DROP TRIGGER former_address_is_free ON contacts_formeraddress;
            DROP FUNCTION contacts_refuse_present_address();
            """,
        ),
        # The list of one type; Django makes the table of this relation, so its index is made here.
        migrations.RunSQL(
            "CREATE INDEX contact_types_of_type ON contacts_contact_contact_types (contacttype_id, contact_id)",
            "DROP INDEX contact_types_of_type",
        ),
        # The suppressed address of somebody who was erased is kept as a hash, salted by this installation; when it
        # comes in again, it is written out again, so that whoever looks for it finds it.
        migrations.RunSQL(
            f"""
            CREATE FUNCTION contacts_address_hash(address text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
                SELECT 'sha256:' || encode(sha256(convert_to('{secrets.token_hex(16)}' || lower(address), 'UTF8')), 'hex')
            $$;
            CREATE FUNCTION contacts_known_again() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                UPDATE contacts_suppression SET email = NEW.email
                WHERE lower(email) = contacts_address_hash(NEW.email) AND NOT EXISTS (
                    SELECT 1 FROM contacts_suppression AS other WHERE lower(other.email) = lower(NEW.email)
                );
                RETURN NULL;
            END $$;
            CREATE TRIGGER suppressed_address_is_known_again AFTER INSERT OR UPDATE OF email ON contacts_contact
                FOR EACH ROW EXECUTE FUNCTION contacts_known_again();
            """,  # noqa: S608  # a salt of our own
            """
            DROP TRIGGER suppressed_address_is_known_again ON contacts_contact;
            DROP FUNCTION contacts_known_again();
            DROP FUNCTION contacts_address_hash(text);
            """,
        ),
        # What contacts.config_revision keeps in memory. Before the statement, so that two who change such rows wait for
        # each other here, where they hold nothing yet.
        migrations.RunSQL(
            """
            CREATE FUNCTION contacts_config_changed() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO contacts_configrevision (id, value) VALUES (1, gen_random_uuid())
                ON CONFLICT (id) DO UPDATE SET value = excluded.value;
                RETURN NULL;
            END $$;
            CREATE FUNCTION contacts_keep_in_memory(VARIADIC tables regclass[]) RETURNS void LANGUAGE plpgsql AS $$
            DECLARE kept regclass;
            BEGIN
                FOREACH kept IN ARRAY tables LOOP
                    EXECUTE format(
                        'CREATE TRIGGER config_changed BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
                         FOR EACH STATEMENT EXECUTE FUNCTION contacts_config_changed()', kept);
                END LOOP;
            END $$;
            SELECT contacts_keep_in_memory(
                'contacts_businessentity', 'contacts_contacttype', 'contacts_leadsource', 'contacts_contactstatus',
                'contacts_classificationrule', 'contacts_routingrule');
            """,
            """
            DROP FUNCTION contacts_keep_in_memory(VARIADIC regclass[]);
            DROP FUNCTION contacts_config_changed() CASCADE;
            """,
        ),
    ]
