"""What the pages say, in the languages they speak; whoever reads neither gets English."""

from __future__ import annotations

from collections.abc import Mapping

from engagement.unsubscribing import ENGLISH, GERMAN

VERSION = "2026-11"  # of what is agreed to here: goes up when the sentences under "agree" change

ENGLISH_WORDS = {
    "language": ENGLISH,
    "unsubscribe": "Unsubscribe",
    "unsubscribe_title": "Unsubscribe?",
    "everybody": "all of us",
    "what_ends": "No more news and offers from {brand} will be sent to {address}. "
    "What you ask us for yourself, we still answer.",
    "choose_instead": "Choose what you get instead",
    "unsubscribed_title": "You are unsubscribed",
    "unsubscribed": "{brand} will send no more news and offers to {address}. It holds from this moment on.",
    "undo": "Was it a mistake? Choose what you get",
    "choose_title": "What you get from us",
    "choose": "This is about news and offers to {address}. What you ask us for yourself, we always answer.",
    "how_often": "How often",
    "all": "All emails",
    "weekly": "At most one a week",
    "pause": "Pause for 30 days",
    "paused": "Paused until {until}",
    "none": "No emails",
    "no_brand": "Our emails",
    "kinds": "What about",
    "kind_welcome": "Welcome and getting to know each other",
    "kind_follow_up": "Coming back to what we talked about",
    "kind_lead_source": "Where we met: events, recommendations, our website",
    "kind_information": "News and offers",
    "save": "Save",
    "saved": "Saved. It holds from this moment on.",
    "to_confirm": "Almost done: we sent you an email. Open the link in it, and emails come.",
    "confirm_title": "News and offers of {brand}?",
    "confirm": "Yes, send them",
    "confirmed_title": "Thank you",
    "confirmed": "{brand} sends news and offers to {address}. Every email says how to stop them.",
    "confirm_subject": "Please confirm: emails of {{ entity }}",
    "confirm_mail": "You asked for news and offers of {{ entity }} by email. We send them once you confirm it:\n\n"
    "[Yes, send them](LINK)\n\nIf that was not you, do nothing: then nothing is sent.",
    "too_old": "This link is too old to let emails come again. Take the one in an email of the last 30 days, or write "
    "to us. Unsubscribing works with every link.",
    "too_many": "That was changed very often today. Come back tomorrow; unsubscribing works at any time.",
    "everything": "Unsubscribe from everything",
    "blocked": "At the moment nothing at all is sent to this address. Write to us if you want that to change.",
    "data_title": "What we keep about you",
    "data": "You may know all that we keep about you, have it put right, or have it erased.",
    "ask_for_data": "Ask for my data",
    "asked_for_data": "We have your wish. You hear from us within a month.",
    "agree": "I want news and offers of {brand} by email. I can change that here at any time.",
    "gone_title": "This link leads nowhere",
    "gone": "It is not complete, or what it led to is gone. Open the email again and follow the link there, or answer "
    "the email: then a person takes care of it.",
}
GERMAN_WORDS = {
    "language": GERMAN,
    "unsubscribe": "Abmelden",
    "unsubscribe_title": "Abmelden?",
    "everybody": "uns allen",
    "what_ends": "An {address} gehen keine Neuigkeiten und Angebote von {brand} mehr. "
    "Was Sie selbst von uns wissen wollen, beantworten wir weiterhin.",
    "choose_instead": "Lieber auswählen, was Sie erhalten",
    "unsubscribed_title": "Sie sind abgemeldet",
    "unsubscribed": "An {address} gehen keine Neuigkeiten und Angebote von {brand} mehr. Das gilt ab sofort.",
    "undo": "War es ein Versehen? Auswählen, was Sie erhalten",
    "choose_title": "Was Sie von uns erhalten",
    "choose": "Hier geht es um Neuigkeiten und Angebote an {address}. Was Sie selbst von uns wissen wollen, "
    "beantworten wir immer.",
    "how_often": "Wie oft",
    "all": "Alle E-Mails",
    "weekly": "Höchstens eine pro Woche",
    "pause": "30 Tage Pause",
    "paused": "Pause bis {until}",
    "none": "Keine E-Mails",
    "no_brand": "Unsere E-Mails",
    "kinds": "Worüber",
    "kind_welcome": "Willkommen und Kennenlernen",
    "kind_follow_up": "Was wir besprochen haben",
    "kind_lead_source": "Wo wir uns begegnet sind: Veranstaltungen, Empfehlungen, unsere Website",
    "kind_information": "Neuigkeiten und Angebote",
    "save": "Speichern",
    "saved": "Gespeichert. Das gilt ab sofort.",
    "to_confirm": "Fast geschafft: Wir haben Ihnen eine E-Mail geschickt. Öffnen Sie den Link darin, dann geht es los.",
    "confirm_title": "Neuigkeiten und Angebote von {brand}?",
    "confirm": "Ja, bitte senden",
    "confirmed_title": "Danke",
    "confirmed": "{brand} sendet Neuigkeiten und Angebote an {address}. In jeder E-Mail steht, wie man sie beendet.",
    "confirm_subject": "Bitte bestätigen: E-Mails von {{ entity }}",
    "confirm_mail": "Sie möchten Neuigkeiten und Angebote von {{ entity }} per E-Mail. Wir senden sie, sobald Sie das "
    "bestätigen:\n\n[Ja, bitte senden](LINK)\n\nWaren Sie das nicht, dann tun Sie nichts: Es wird nichts gesendet.",
    "too_old": "Dieser Link ist zu alt, um wieder E-Mails zu erlauben. Nehmen Sie den aus einer E-Mail der letzten "
    "30 Tage, oder schreiben Sie uns. Abmelden geht mit jedem Link.",
    "too_many": "Das wurde heute sehr oft geändert. Kommen Sie morgen wieder; abmelden geht jederzeit.",
    "everything": "Von allem abmelden",
    "blocked": "Zurzeit wird an diese Adresse gar nichts gesendet. Schreiben Sie uns, wenn sich das ändern soll.",
    "data_title": "Was wir über Sie aufbewahren",
    "data": "Sie dürfen alles wissen, was wir über Sie aufbewahren, es berichtigen oder löschen lassen.",
    "ask_for_data": "Meine Daten anfordern",
    "asked_for_data": "Ihr Wunsch ist angekommen. Sie hören innerhalb eines Monats von uns.",
    "agree": "Ich möchte Neuigkeiten und Angebote von {brand} per E-Mail. Ich kann das hier jederzeit ändern.",
    "gone_title": "Dieser Link führt nirgendwohin",
    "gone": "Er ist unvollständig, oder es gibt nicht mehr, wohin er führte. Öffnen Sie die E-Mail noch einmal und "
    "folgen Sie dem Link dort, oder antworten Sie auf die E-Mail: Dann kümmert sich ein Mensch darum.",
}


def words_in(language: str) -> Mapping[str, str]:
    return GERMAN_WORDS if language == GERMAN else ENGLISH_WORDS
