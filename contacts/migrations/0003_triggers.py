"""An address is one person's, as their present or as a former one: no second person can have it.

After the row, not before it: an insert that waited for a merge under way then sees what the merge committed. The error
is that of a unique index, which contacts.intake takes as "somebody was quicker" and looks again.
"""

from __future__ import annotations

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
    ]
