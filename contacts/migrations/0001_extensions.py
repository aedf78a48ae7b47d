"""What searches and filters of people stand on: trigrams, words without accents, and what is looked through of everybody."""

from __future__ import annotations

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations

# Bodies after RETURN are read when the function is made, so that they hold in a restore too, which knows no search path.
# unaccent is only STABLE, because its dictionary could be changed; nobody changes it here.
# Marks are what people are filtered by, whatever its case: tag=vip, interest=yoga, custom=size and custom=size=large.
FUNCTIONS = r"""
CREATE FUNCTION contacts_folded(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(unaccent('unaccent'::regdictionary, normalize(words, NFKC)));
CREATE FUNCTION contacts_searched(email text, first_name text, last_name text, company text, phone text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN lower(unaccent('unaccent'::regdictionary, normalize(
        email || ' ' || first_name || ' ' || last_name || ' ' || company, NFKC
    ))) || ' #' || regexp_replace(phone, '\(0\)|\D', '', 'g');
CREATE FUNCTION contacts_marks(tags text[], interests text[], custom jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN
    IF tags = '{}' AND interests = '{}' AND custom = '{}' THEN RETURN '{}'; END IF;
    RETURN ARRAY(
        SELECT 'tag=' || lower(word) FROM unnest(tags) AS word
        UNION ALL SELECT 'interest=' || lower(word) FROM unnest(interests) AS word
        UNION ALL SELECT 'custom=' || lower(name) FROM jsonb_object_keys(custom) AS name
        UNION ALL SELECT left('custom=' || lower(name) || '=' || lower(part #>> '{}'), 300)
        FROM jsonb_each(custom) AS held(name, value), jsonb_array_elements(
            CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE jsonb_build_array(value) END
        ) AS part WHERE part <> 'null'
    );
END $$;
"""
DROPPED = (
    "contacts_marks(text[], text[], jsonb), contacts_searched(text, text, text, text, text), contacts_folded(text)"
)


class Migration(migrations.Migration):
    initial = True
    operations = [TrigramExtension(), UnaccentExtension(), migrations.RunSQL(FUNCTIONS, f"DROP FUNCTION {DROPPED}")]
