"""What keeps the words of an email from being published, in every language it has."""

from __future__ import annotations

from dataclasses import replace

from engagement import template_validation, translations
from engagement.rendering import Words
from engagement.template_validation import Errors


def refusals(words: Words) -> Errors:
    """Field -> sentences; what stands in a translation is told under `translations`, with its language."""
    errors = template_validation.find_errors(replace(words, translations={}))
    told = [
        f"{translations.name_of(language)}: {sentence}"
        for language in words.translations
        for sentences in template_validation.find_errors(words.in_language(language)).values()
        for sentence in sentences
    ]
    return {**errors, "translations": told} if told else errors
