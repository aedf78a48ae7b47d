"""What searches for people stand on: trigrams, words without accents, and what is searched of everybody."""

from __future__ import annotations

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        # Bodies that are read when the function is made, so that they hold in a restore too, which knows no search path.
        # unaccent is only STABLE, because its dictionary could be changed; nobody changes it here.
        migrations.RunSQL(
            r"""
            CREATE FUNCTION contacts_folded(words text) RETURNS text
            LANGUAGE sql IMMUTABLE PARALLEL SAFE
            RETURN lower(unaccent('unaccent'::regdictionary, normalize(words, NFKC)));

            CREATE FUNCTION contacts_searched(
                email text, first_name text, last_name text, company text, phone text
            ) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
            RETURN lower(unaccent('unaccent'::regdictionary, normalize(
                email || ' ' || first_name || ' ' || last_name || ' ' || company, NFKC
            ))) || ' #' || regexp_replace(phone, '\(0\)|\D', '', 'g');
            """,
            "DROP FUNCTION contacts_searched(text, text, text, text, text); DROP FUNCTION contacts_folded(text);",
        ),
    ]
