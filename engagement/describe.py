"""What this room says, in words: why an email was held, refused or is unclear. Codes become sentences here alone."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from contactflow.core import datetimes, reasons
from contactflow.core.reasons import Reason
from contacts import describe as contacts_describe
from engagement.models import Conversion, Goal, HumanTouch, MessageEvent

SENTENCES = {
    "switched_off": _('The email "%(email)s" is switched off.'),
    "no_words": _('The email "%(email)s" is not published yet. Publish it, then try again.'),
    "missing": _(
        'The email "%(email)s" is held: %(contact)s has no %(missing)s. Complete the contact or give the email a '
        "fallback, then try again."
    ),
    "email_unbuildable": _("The email cannot be built: %(said)s"),
    "address_invalid": _('"%(address)s" is not an email address.'),
    "address_not_ascii": _(
        "%(address)s has characters before the @ that many mail servers refuse. Ask for another address."
    ),
    "sender_unusable": _(
        '"%(address)s" is no address to write from. Correct the sender in the brand, or DEFAULT_FROM_EMAIL.'
    ),
    "reply_to_unusable": _('Answers cannot go to "%(address)s". Correct the reply-to address in the brand.'),
    "no_address": _("The contact has no address for this channel."),
    "server_closed": _("The mail server closed the connection."),
    "server_unreachable": _("The mail server %(host)s cannot be used: %(said)s"),
    "login_refused": _("The mail server refused user name or password: %(said)s"),
    "mail_url_unusable": _(
        "EMAIL_URL cannot be used: user name and password may only have ASCII characters (mail servers take no "
        "others), the host has to be a host name and the port at most 65535."
    ),
    "mail_url_no_server": _("EMAIL_URL is not the address of a mail server: use smtp://, smtp+tls:// or smtp+ssl://."),
    "no_answer": _("The connection broke after the message left and before the server answered."),
    "strange_answer": _("The mail server gave an answer that means neither yes nor no: %(said)s"),
    "worker_cut_off": _("The worker was cut off after it began to hand over. Whether it arrived is not known."),
    "worker_crashed": _("The worker %(worker)s stopped while it prepared this."),
    "changed_meanwhile": _("Something changed right before it was handed over: it is looked at anew."),
    "held_up": _("The worker was held up before it could hand over."),
    "channel_paused": _("It waited for others, and the channel was paused meanwhile."),
    "database_away": _("The database went away before the hand-over."),
    "sent_before": _("It was sent before."),
    "too_late": _("It waited so long that it is of no use any more."),
    "provider_unusable": _("The mail provider %(provider)s cannot be used as it is set up: %(said)s"),
    "provider_rejected": _("The mail provider did not take it: %(said)s"),
    "nobody_behind": _("Nobody is behind %(target)s: add people or addresses to it."),
    "not_written": _("%(said)s"),
    "too_much_bounced": _("%(count)s of %(sent)s emails of a day (%(share)s %%) went to addresses that do not exist."),
    "too_much_complained": _("%(count)s of %(sent)s emails of a day (%(share)s %%) were reported as spam."),
    "marketing_stopped": _("Too much of what the brand sends comes back: its marketing waits for somebody."),
    "quiet_after_touch": _("A colleague was in touch with them: automatic emails wait until %(until)s."),
    "passage_is_written": _("A language model is writing a passage of it: it waits half a minute at most."),
    "lacking": _("%(contact)s has no %(missing)s. Write it out, or complete the contact."),
    "address_changed": _("The contact has another address by now. Write again."),
    "not_sent": _("Not sent, says %(by)s: %(why)s"),
    "our_fault": _("%(said)s"),
    "held_out": _("Takes part in an A/B test as one of those who get no email."),
    "inbox_url_unusable": _(
        "%(variable)s is not the address of a mailbox: use imaps://user:password@mail.example.com/INBOX, with signs "
        "such as @ and / in user and password percent-encoded (%%40, %%2F)."
    ),
    "inbox_url_signs": _(
        "%(variable)s ends too early: write ? and # in user and password as %%3F and %%23, and a port from 1 to 65535."
    ),
    "inbox_login_refused": _(
        "The mailbox %(mailbox)s refuses user name or password: correct %(variable)s. It says: %(said)s"
    ),
    "inbox_unreachable": _("The mailbox %(mailbox)s cannot be read: %(said)s"),
}


# What whoever publishes an email should have seen (engagement.publishing_checks).
FINDINGS = {
    "subject_shouts": _(
        "%(language)s: the subject shouts (“%(subject)s”). Small letters and one sign are read sooner."
    ),
    "too_large": _("%(language)s: the email has %(size)s kB. Gmail cuts off what is behind 100 kB: shorten it."),
    "nearly_too_large": _("%(language)s: the email has %(size)s kB, and Gmail cuts off what is behind 100 kB."),
    "no_text_part": _("%(language)s: the plain text is empty, and some read nothing else."),
    "no_alt_text": _("%(language)s: %(images)s without words for whoever does not see it: add them."),
    "link_of_another_brand": _("%(link)s leads to the website of %(brand)s."),
    "link_no_host": _("%(link)s leads nowhere: there is no such host."),
    "link_not_public": _("%(link)s leads into a private network, where no recipient gets."),
    "link_unreachable": _("%(link)s cannot be reached."),
    "link_slow": _("%(link)s did not answer within seconds."),
    "link_dead": _("%(link)s answers %(status)s: what it leads to is not there."),
    "spam_score": _("SpamAssassin gives it %(points)s points (many refuse from 5 on): %(rules)s."),
    "stand_in_untranslated": _(
        "%(language)s: what stands in for %(variable)s is English. Say it under When something is missing."
    ),
    "people_lack": _("%(lacking)s of %(people)s contacts have no %(variable)s: their email is held."),
    "language_lacks": _("%(people)s read %(language)s, which is missing: they get %(gets)s."),
}
# Why an A/B test cannot begin, and what is known of one (engagement.experiments).
EXPERIMENTS = {
    "variants_count": _("Choose one to %(most)s versions to compare with what is sent."),
    "variants_unfinished": _("Choose finished versions of this email: keep the draft for a test first."),
    "variant_refused": _("Version %(number)s cannot be published: take it back into the draft and mend it."),
    "variants_alike": _("Two of the versions say the same. Choose others."),
    "hold_out_of_answers": _("Somebody asked for this email: nobody can be held out. Set that share to 0."),
    "goal_missing": _("Choose the goal that counts."),
    "too_few_to_shift": _(
        "Shares that shift are worth it from %(least)s people on. Take equal shares, or more people."
    ),
    "test_running": _('A test of "%(email)s" is running. Stop it first, or wait for its end.'),
    "too_few_people": _("Too few to say: fewer than %(least)s people of a version are counted."),
    "too_few_successes": _("Too few to say: fewer than %(least)s of each version did what counts."),
    "uneven_split": _(
        "The split is more uneven than chance makes it, so nothing is compared. Look whether one version is refused "
        "or comes back."
    ),
    "still_counting": _("No difference is proven yet. It goes on."),
    "no_difference": _("Everybody is counted and no difference is proven: take whichever you like better."),
    "better": _("Version %(variant)s is better: chance alone gives such a result in one of twenty tests at most."),
    "stopped": _("Stopped by %(by)s before it said anything."),
    "other_words": _("Ended since %(by)s published other words."),
    "chosen": _("%(by)s chose version %(variant)s."),
}
_ALL = {**SENTENCES, **FINDINGS, **EXPERIMENTS}


# Why there is no passage of a language model, and what spoke against one.
NO_ANSWER = {
    "too_slow": _("The language model took too long."),
    "too_large": _("The language model's answer did not end."),
    "unreachable": _("The language model's server could not be reached."),
    "refused_by_server": _("The language model's server refused the question."),
    "no_completion": _("The language model's server sent something else than an answer."),
    "says_nothing": _("The language model said nothing."),
    "cut_off": _("The answer was cut off before its end."),
    "other_shape": _("The answer has another shape than was asked for."),
    "model_quiet": _("The language model's server was in trouble shortly before: it was left alone."),
    "no_model": _("No language model is connected (AI_BASE_URL, AI_MODEL)."),
    "against": _("What the language model wrote cannot be proposed."),
    "over_budget": _("The day's budget for the language model is used up."),
}
AGAINST = {
    "empty": _("it is empty"),
    "too_long": _("it is too long (%(found)s characters)"),
    "markup": _("it has markup or more than one paragraph"),
    "link": _("it has a link or an address"),
    "obscene": _("it is obscene (“%(found)s”)"),
    "threat": _("it threatens (“%(found)s”)"),
    "about_itself": _("it speaks of itself (“%(found)s”)"),
    "other_language": _("it is in another language (%(found)s)"),
    "off_topic": _("it is about something else"),
    "figure": _("it says a figure that nobody approved (“%(found)s”)"),
    "sign": _("it says a price or share that nobody approved (“%(found)s”)"),
    "currency": _("it says a price or share that nobody approved (“%(found)s”)"),
    "number_word": _("it says a number that nobody approved (“%(found)s”)"),
    "date": _("it says a date that nobody approved (“%(found)s”)"),
    "claim": _("it makes a claim that nobody approved (“%(found)s”)"),
    "name": _("it names what it was not told (“%(found)s”)"),
}


# What speaks for or against a person behind an open or click (engagement.tracking.verdicts).
SIGNS = {
    "head": _("asked only whether the link is there"),
    "prefetch": _("fetched in advance, before anybody asked for it"),
    "no_agent": _("does not say what program it is"),
    "tool_agent": _("is a program that checks or copies, by its own name"),
    "provider_says_machine": _("is a machine, says the mail provider"),
    "microsoft_network": _("came from Microsoft, which looks at what is in emails"),
    "hidden_link": _("followed a link that nobody sees"),
    "with_hidden_link": _("came together with what followed a link that nobody sees"),
    "many_links": _("followed three links or more within ten seconds"),
    "all_links": _("followed all links within half a minute"),
    "at_once": _("came within seconds of the email"),
    "soon": _("came within two minutes of the email"),
    "two_at_once": _("followed two links at the same moment"),
    "gateway_network": _("came from a mail gateway"),
    "hosting_network": _("came from a data centre"),
    "second_reader": _("followed the same link seconds after somebody else"),
    "proxied": _("came through the proxy of the mail service"),
    "privacy": _("came through Apple's privacy proxy, which opens for everybody"),
    "untold": _("the mail provider says neither from where nor by what program"),
    "known_reader": _("came from a device and a line from which they clicked at another time"),
    "read_first": _("came from where the email had been open for a while"),
    "proven": _("a reply or a goal showed that it was them"),
}


def who(event: MessageEvent) -> str:
    """Who opened or clicked, and why we think so; "" for other events."""
    if event.type not in (MessageEvent.Type.OPENED, MessageEvent.Type.CLICKED):
        return ""
    if event.label_version is None and not event.label_reasons and event.label == MessageEvent.Label.UNKNOWN:
        return "Told in two minutes"
    signs = "; ".join(str(SIGNS.get(code, code)) for code in event.label_reasons)
    return f"{event.get_label_display()}: {signs}" if signs else event.get_label_display()


def why(reason: Reason | Mapping[str, Any]) -> str:
    """The sentence; what the other side said, in its own words where we have no sentence for it; "" for no reason."""
    if not isinstance(reason, Reason):
        reason = Reason.stored(reason)
    if not reason.code:
        return ""
    if reason.code in contacts_describe.PERMISSION:
        return contacts_describe.permission(reason)
    said = str(reason.params.get("said") or "")
    if reason.code not in _ALL:
        return said or reasons.sentence(reason, {})
    missing = reason.params.get("missing")
    joined = {"missing": ", no ".join(missing)} if isinstance(missing, list) else {}
    params = defaultdict(str, {**reason.params, **joined})
    return reasons.sentence(Reason(reason.code, params), _ALL)


def no_answer(code: str) -> str:
    """Why a language model gave nothing to use."""
    return str(NO_ANSWER.get(code, code))


def against(checks: Sequence[Mapping[str, str]]) -> list[str]:
    """What speaks against an answer of a language model, a part of a sentence each."""
    return [str(AGAINST.get(one["code"], one["code"])) % {"found": one["found"]} for one in checks]


def reached_by(goal: Goal) -> str:
    """By what it is reached."""
    match goal.reached_by:
        case Goal.ReachedBy.EVENT:
            return f"Event: {', '.join(goal.events)}"
        case Goal.ReachedBy.STATUS:
            return f"Status: {goal.status}"
        case Goal.ReachedBy.WORKFLOW:
            return f"Completed: {goal.workflow}"
    return "Recorded by colleagues and the API"


def worth(conversion: Conversion) -> str:
    return f"{conversion.value:,.2f} {conversion.currency}".strip() if conversion.value is not None else ""


def owed_to(conversion: Conversion, which: str) -> str:
    """The touch or click, `last` or `first`, within the window."""
    window = conversion.attribution.get("window_days")
    mark = conversion.attribution.get(which)
    if not mark:
        return f"Nothing in the {window} days before" if window else "-"
    kind = "Clicked" if mark["kind"] == "clicked" else HumanTouch.Kind(mark["kind"]).label
    email = f" in “{mark['email']}”" if mark.get("email") else ""
    return f"{kind}{email}, {datetimes.words(dt.datetime.fromisoformat(mark['at']))}"
