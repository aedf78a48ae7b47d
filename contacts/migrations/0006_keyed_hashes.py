"""Addresses of people who were erased are hashed with a key that is not in the database (contacts.consent).

What was hashed with the salt of contacts_address_hash() stays readable; contacts.intake writes both kinds out again
when the address comes in, instead of a trigger, which could not know the key.
"""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("contacts", "0005_permission_ledger")]
    operations = [
        migrations.RunSQL(
            """
            DROP TRIGGER suppressed_address_is_known_again ON contacts_contact;
            DROP FUNCTION contacts_known_again();
            """,
            """
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
            """,
        ),
    ]
