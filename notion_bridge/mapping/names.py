"""What people call these properties: other names for the fields, in several languages."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

# English, German, French, Spanish, Italian, Portuguese, Dutch; best first.
_CONTACT_NAMES: Final = {
    "first_name": "given name, forename, vorname, prénom, nombre, nombre de pila, nome, voornaam, name, full name, "
    "contact name, contact, person, kontakt, nom complet, nombre completo",
    "last_name": "surname, family name, nachname, familienname, nom, nom de famille, apellido, apellidos, cognome, "
    "sobrenome, achternaam",
    "email": "mail, email address, mail address, e-mail-adresse, mailadresse, adresse e-mail, courriel, "
    "correo, correo electrónico, dirección de correo, posta elettronica",
    "phone": "phone number, telephone, tel, mobile, mobile number, cell, cell phone, telefon, telefonnummer, handy, "
    "mobil, téléphone, numéro de téléphone, portable, teléfono, móvil, celular, telefono, telefone, telefoon",
    "contact_types": "contact types, type, types, type of contact, kontakttyp, kontaktart, kontakttypen, typ, "
    "type de contact, tipo de contacto, tipo, tipo di contatto, tipo de contato",
    "lead_source": "source, lead origin, origin, how we met, quelle, herkunft, lead-quelle, leadquelle, "
    "source du lead, source du prospect, origine, origen, fuente, fuente del lead, fonte",
    "business_entities": "business entities, brand, brands, business, entity, business unit, marke, marken, "
    "geschäftsbereich, entité, marque, entidad, entidad comercial, marca, marcas",
    "status": "contact status, lead status, stage, kontaktstatus, phase, statut, étape, estado, etapa, stato, fase",
    "tags": "tag, labels, label, keywords, schlagworte, schlagwörter, stichworte, étiquettes, étiquette, mots-clés, "
    "etiquetas, etiqueta, palabras clave",
    "company": "company name, organisation, organization, employer, firm, firma, unternehmen, firmenname, "
    "société, entreprise, empresa, compañía, organización, azienda, bedrijf",
    "job_title": "title, role, position, job, occupation, profession, berufsbezeichnung, beruf, funktion, rolle, "
    "fonction, poste, intitulé du poste, métier, cargo, puesto, profesión, ruolo, functie",
    "notes": "note, comments, comment, remarks, description, notizen, notiz, bemerkungen, anmerkungen, kommentar, "
    "remarques, commentaires, commentaire, notas, nota, comentarios, observaciones, note",
    "date_added": "added, added on, added at, created, created at, created on, created time, date created, "
    "hinzugefügt am, hinzugefügt, erstellt am, erstellt, angelegt am, date d'ajout, ajouté le, date de création, "
    "créé le, fecha de alta, fecha de creación, añadido, creado",
    "last_interaction": "last contact, last contacted, last touch, last activity, letzter kontakt, "
    "letzte interaktion, letzte aktivität, dernier contact, dernière interaction, último contacto, "
    "última interacción",
    "contact_id": "contactflow id, kontakt-id, id contact, id du contact, id de contacto, id del contacto",
}
_TASK_NAMES: Final = {
    "title": "task, name, title, to do, aufgabe, aufgabenname, titel, tâche, nom de la tâche, nom, titre, tarea, "
    "nombre de la tarea, nombre, título, attività, tarefa, taak",
    "task_id": "contactflow id, aufgaben-id, id de la tâche, id tâche, id de tarea, id de la tarea",
    "status": "task status, state, progress, aufgabenstatus, fortschritt, statut, état, avancement, estado, progreso",
    "description": "details, notes, body, beschreibung, einzelheiten, notizen, détails, descripción, detalles, notas",
    "priority": "prio, importance, urgency, priorität, dringlichkeit, wichtigkeit, priorité, urgence, prioridad, "
    "urgencia, priorità",
    "category": "categories, type, kind, area, kategorie, art, bereich, catégorie, categoría, tipo, área, categoria",
    "due_date": "due, due on, deadline, due by, date, fällig, fällig am, fälligkeitsdatum, frist, termin, échéance, "
    "date d'échéance, date limite, fecha límite, fecha de vencimiento, vencimiento, plazo, fecha, scadenza",
    "assigned_to": "assignee, assignees, assign, owner, responsible, person, people, zugewiesen an, zugewiesen, "
    "verantwortlich, zuständig, bearbeiter, assigné à, responsable, attribué à, asignado a, asignado, encargado",
    "contact_email": "email, e-mail, contact, client email, customer email, kontakt-e-mail, e-mail des kontakts, "
    "e-mail du contact, email du contact, correo del contacto, correo, correo electrónico",
    "business_entity": "business entities, brand, business, entity, business unit, marke, geschäftsbereich, entité, "
    "marque, entidad, entidad comercial, marca",
    "source": "origin, created by, quelle, herkunft, origine, origen, fuente",
}
_INSTANCE_NAMES: Final = {
    "name": "instance, name, title, workflow instance, instanz, instanzname, titel, nom, nom de l'instance, nombre, "
    "nombre de la instancia, instancia, título",
    "instance_id": "contactflow id, workflow instance id, instanz-id, id de l'instance, id de instancia",
    "workflow": "workflow name, workflow template, template, process, ablauf, prozess, vorlage, flux de travail, "
    "processus, modèle, flujo de trabajo, flujo, proceso, plantilla",
    "status": "state, workflow status, zustand, statut, état, estado",
    "contact_email": "email, e-mail, contact, kontakt-e-mail, e-mail du contact, correo del contacto, correo",
    "business_entity": "business entities, brand, business, entity, marke, geschäftsbereich, entité, marque, entidad, "
    "marca",
    "trigger_event": "trigger, event, started by, auslöser, ereignis, déclencheur, événement, disparador, evento",
    "current_step": "step, current action, aktueller schritt, schritt, étape, étape actuelle, étape en cours, paso, "
    "paso actual",
    "start_date": "start, started, started at, started on, begin, beginn, startdatum, gestartet am, début, "
    "date de début, inicio, fecha de inicio",
    "end_date": "end, ended, ended at, ended on, finished, finished at, ende, enddatum, beendet am, fin, date de fin, "
    "fecha de fin, fecha de finalización",
    "execution_results": "results, result, log, history, output, ergebnisse, ergebnis, verlauf, protokoll, résultats, "
    "résultat, journal, resultados, resultado, historial",
}


# What a column is called that has the whole name, and what one that has the first name alone.
_FULL: Final = "name, full name, contact name, contact, person, kontakt, nom complet, nombre completo, nome completo"
_FIRST: Final = "first name, given name, forename, vorname, prénom, nombre de pila, voornaam"


def bare(name: str) -> str:
    """The letters and digits of a name: "📧 E-Mail" and "email" are one."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in apart if char.isalnum())


def _bared(names: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return {field: tuple(bare(word) for word in words.split(", ")) for field, words in names.items()}


FULL_NAMES: Final = frozenset(bare(word) for word in _FULL.split(", "))
FIRST_NAMES: Final = frozenset(bare(word) for word in _FIRST.split(", "))
SYNONYMS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "contacts": _bared(_CONTACT_NAMES),
    "tasks": _bared(_TASK_NAMES),
    "instances": _bared(_INSTANCE_NAMES),
}
