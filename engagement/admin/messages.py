"""The outbox: every email as it was sent, or held, or refused, and what to do about it."""

from __future__ import annotations

from typing import Any, cast

from csp.decorators import csp_update
from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RelatedDropdownFilter

from contactflow.core import clock, datetimes, numbers
from contactflow.core.admin.confirmation import confirmed
from contactflow.core.admin.model_admin import ReadOnlyAdmin, ReadOnlyInline, button, column, link
from contacts.admin.people_search import PeopleSearch
from engagement import correspondence, describe, previews
from engagement.envelopes import Sender
from engagement.language_model import passages
from engagement.models import KEPT, KeptTest, Message, MessageEvent, TemplateVersion
from engagement.tracking import links

KEPT_HERE = "Kept here (no mail server)"
COLOURS = {
    "Sent": "success", KEPT_HERE: "info", "Held": "warning", "Refused": "danger", "Unclear": "warning",
    "Being handed over": "info", "Waiting to leave": "info",
}  # fmt: skip
TONES = {"Sent": "is-good", "Held": "is-warn", "Refused": "is-bad", "Unclear": "is-warn"}
TRIED_AGAIN = (Message.Status.HELD, Message.Status.FAILED)
AS_TYPED = "white-space: pre-wrap; overflow-wrap: anywhere"


class EmailPictures:
    """Before an admin whose pages show emails: their pictures may come from wherever they stand."""

    @method_decorator(csp_update({"img-src": ["https:", "http:"]}))
    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        return cast(HttpResponse, super().changeform_view(request, *args, **options))  # type: ignore[misc]  # the admin's


def framed(html: str, title: str) -> SafeString:
    """An email's HTML as its reader sees it, in a frame where no script runs and no form is sent."""
    return format_html(
        '<iframe sandbox="" srcdoc="{}" title="{}" referrerpolicy="no-referrer" class="bg-white '
        'border border-base-200 rounded-default w-full dark:border-base-800" style="height: 40rem"></iframe>',
        escape(html),  # also where the HTML counts as safe: here it is the value of an attribute
        title,
    )


def as_text(text: str) -> SafeString:
    """The text part, line for line."""
    return format_html('<div class="leading-relaxed" style="{}">{}</div>', AS_TYPED, escape(text))


class MessageEventInline(ReadOnlyInline):
    model = MessageEvent
    verbose_name_plural = "What became of it"
    fields = ("type", "at", "who", "link")
    readonly_fields = fields

    @column("Who that was")
    def who(self, event: MessageEvent) -> str:
        return describe.who(event)

    @column("Which link")
    def link(self, event: MessageEvent) -> str:
        return event.url


def _said(message: Message) -> SafeString | str:
    """What became of it, as a sentence."""
    at, why = datetimes.moment(message.sent_at or message.created_at), describe.why(message.reason)
    if message.status == Message.Status.HELD:
        missing = " and no ".join(previews.label_of(name).lower() for name in message.missing) or "value for a variable"
        return format_html("Held since {}: it was not sent, because {} has no {}.", at, message.contact, missing)
    if message.status == Message.Status.FAILED:
        return format_html("Refused ({}): it was not sent. The mail server said: {}", at, why or "nothing")
    if message.status == Message.Status.AMBIGUOUS:
        return format_html("Unclear since {}: it left, and no answer came. It may have arrived. {}", at, why)
    if message.status == Message.Status.CANCELLED:
        return format_html("Cancelled: it is not to be sent. {}", why)
    if message.status == Message.Status.PENDING:
        return format_html("Written by {}, and about to leave since {}.", message.author, at)
    if message.status == Message.Status.SENDING:
        return format_html("Being handed over to the mail server since {}.", at)
    if message.transport == Message.Transport.OUTBOX:
        return format_html("Kept here ({}): no mail server was connected.", at)
    return format_html("Sent ({}): the mail server took it.", at)


class EmailFilter(RelatedDropdownFilter):  # type: ignore[misc]  # Unfold has no types
    """Messages of one email, by its versions: those are few, and known before the messages are looked for."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        email = numbers.parse_int(self.value())
        if email is None:
            return queryset
        versions = TemplateVersion.objects.filter(template=email).values_list("pk", flat=True)
        return queryset.filter(version__in=list(versions))


@admin.register(Message)
class MessageAdmin(EmailPictures, PeopleSearch, ReadOnlyAdmin):
    when_empty = (
        "No email was written yet. Each one comes here as a workflow sends it, with its text and what became of it."
    )
    list_display = ("subject", "recipient", "business_entity", "state", "sent_at", "created_at")
    list_filter = (
        ("status", ChoicesCheckboxFilter),
        ("business_entity", RelatedDropdownFilter),
        ("version__template", EmailFilter),
    )
    list_filter_sheet = True
    sortable_by = ("created_at",)  # no other order has an index
    fieldsets = (
        (None, {"fields": (
            "what_happened", "subject", "recipient", "sender", "reply_to",
        )}),
        ("As its reader sees it", {"fields": ("html_part",)}),
        ("As plain text", {"fields": ("text_part",)}),
        ("By a language model", {"fields": ("by_model",)}),
        ("Where it comes from", {"fields": (
            "contact_link", "business_entity", "author", "words", "planned_step", "transport", "message_id",
            "created_at",
        )}),
    )  # fmt: skip
    inlines = (MessageEventInline,)
    actions_detail = ("try_again", "send_again", "arrived", "not_arrived")

    def has_retry_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("workflows.change_scheduledaction")

    def has_deed_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("engagement.change_message")

    def possible_buttons(self, row: Message) -> tuple[str, ...]:
        if row.action:
            return ("try_again",) if row.status in TRIED_AGAIN else ()
        of_hand_written = {Message.Status.FAILED: ("send_again",), Message.Status.AMBIGUOUS: ("arrived", "not_arrived")}
        return of_hand_written.get(Message.Status(row.status), ()) if row.author else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        rows = super().get_queryset(request).select_related("contact", "business_entity", "version__template")
        match = request.resolver_match
        is_list = match is not None and match.url_name == "engagement_message_changelist"
        return rows.defer("text", "html") if is_list else rows

    @column("Status", ordering="status", label=COLOURS)
    def state(self, message: Message) -> str:
        if message.status == Message.Status.SENT and message.transport == Message.Transport.OUTBOX:
            return KEPT_HERE
        return message.get_status_display().partition(":")[0]

    @column("Email")
    def words(self, message: Message) -> str:
        if message.version is None:
            return "-"
        return link(message.version, f"{message.version.template}, version {message.version.number}")

    @column("Scheduled step")
    def planned_step(self, message: Message) -> str:
        if message.action is None:
            return "-"
        address = reverse("admin:workflows_scheduledaction_change", args=[quote(message.action)])
        return format_html('<a href="{}" class="text-link">{}</a>', address, "The step that wrote it")

    @column("What happened")
    def what_happened(self, message: Message) -> SafeString:
        """The state in plain words, and what a person can do."""
        kind = TONES.get(self.state(message), "")
        steps = format_html_join("", "<li>{}</li>", ((step,) for step in self._steps(message)))
        return format_html(
            '<div class="desk-notice {}"><p>{}</p>{}</div>', kind, _said(message), format_html("<ul>{}</ul>", steps)
        )

    def _steps(self, message: Message) -> list[SafeString | str]:
        """What to do next, each with its page."""
        email = message.version.template if message.version else None
        if message.status == Message.Status.HELD:
            return [
                format_html("Fill it in on the page of {}", link(message.contact)),
                *([format_html("or say in the email {} what stands in for it", link(email))] if email else []),
                "then press “Try again” above.",
            ]
        if message.status == Message.Status.FAILED:
            sender = link(message.business_entity) if message.business_entity else "DEFAULT_FROM_EMAIL"
            objects = "Put right what the server objects to: the address of {}, or the sender of {}."
            again = "Then press “Try again” above." if message.action else "Then press “Send it again” above."
            return [format_html(objects, link(message.contact), sender), again]
        if message.status == Message.Status.AMBIGUOUS:
            return [
                "Nobody sends it again by itself. Ask the recipient, or look into the mail server's log.",
                format_html("Then say on {} whether it arrived.", self.planned_step(message))
                if message.action
                else "Then press above whether it arrived.",
            ]
        if self.state(message) == KEPT_HERE:
            return ["It was not delivered to anybody. Emails leave once EMAIL_URL or EMAIL_PROVIDER is set."]
        return []

    def get_fieldsets(self, request: HttpRequest, obj: Message | None = None) -> Any:
        """Without a word of a language model, nothing about one."""
        if obj is not None and passages.passages_of(obj):
            return self.fieldsets
        return tuple(one for one in self.fieldsets if one[1]["fields"] != ("by_model",))

    @column("Passages")
    def by_model(self, message: Message) -> str:
        rows = passages.passages_of(message)
        context = {"passages": [(row, describe.no_answer(row.reason), describe.against(row.checks)) for row in rows]}
        return render_to_string("admin/engagement/message_passages.html", context)

    @column("HTML")
    def html_part(self, message: Message) -> str:
        return framed(links.untracked(message.html, message.links), f"The email “{message.subject}”")

    @column("Text")
    def text_part(self, message: Message) -> str:
        return as_text(message.text)

    @confirmed(
        "Send it again", permission="deed", icon="replay",
        explanation="A colleague wrote it, and it surely did not go out. It leaves as it stands.",
    )  # fmt: skip
    def send_again(self, request: HttpRequest, message: Message, answers: dict[str, Any]) -> str:
        done = correspondence.again(message=message, now=clock.database_now())
        return "It is on its way again." if done else "It is not to be sent again by now: look at its state."

    @confirmed(
        "It arrived", permission="deed", icon="mark_email_read",
        explanation="You know that the recipient has it. It counts as sent, and as an answer to them.",
    )  # fmt: skip
    def arrived(self, request: HttpRequest, message: Message, answers: dict[str, Any]) -> str:
        by = request.user.get_username()
        correspondence.resolve(message=message, arrived=True, by=by, now=clock.database_now())
        return "It counts as sent."

    @confirmed(
        "It did not arrive", permission="deed", icon="mail_off",
        explanation="You know that the recipient does not have it. They wait again, and it can be sent again.",
    )  # fmt: skip
    def not_arrived(self, request: HttpRequest, message: Message, answers: dict[str, Any]) -> str:
        by = request.user.get_username()
        correspondence.resolve(message=message, arrived=False, by=by, now=clock.database_now())
        return "It counts as not sent."

    @button("Try again", permission="retry", icon="replay")
    def try_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Leads to the scheduled step, which asks for the reason; this room does not know workflows."""
        message = self.get_object(request, unquote(object_id))
        if message is None or message.action is None:
            raise Http404
        return HttpResponseRedirect(reverse("admin:workflows_scheduledaction_retry", args=[quote(message.action)]))


@admin.register(KeptTest)
class KeptTestAdmin(EmailPictures, ReadOnlyAdmin):
    """What colleagues sent to themselves while no mail server was connected."""

    when_empty = "No test is kept here. While no mail server is connected, “Send a test” brings it here."
    list_display = ("subject", "to", "kept_at")
    search_fields = ("address",)
    sortable_by = ()  # no other order has an index
    brand_path = ""
    fieldsets = (
        (None, {"fields": ("subject", "from_whom", "to", "kept_at")}),
        ("As its reader sees it", {"fields": ("html_part",)}),
        ("As plain text", {"fields": ("text_part",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[KeptTest]:
        return super().get_queryset(request).filter(KEPT)

    @column("Subject")
    def subject(self, test: KeptTest) -> str:
        return str(test)

    @column("From")
    def from_whom(self, test: KeptTest) -> str:
        return str(Sender(**test.sender))

    @column("To")
    def to(self, test: KeptTest) -> str:
        return test.address

    @column("Kept since")
    def kept_at(self, test: KeptTest) -> str:
        return datetimes.moment(test.finished_at) if test.finished_at else "-"

    @column("HTML")
    def html_part(self, test: KeptTest) -> str:
        return framed(test.parts.get("html", ""), f"The email “{test}”")

    @column("Text")
    def text_part(self, test: KeptTest) -> str:
        return as_text(test.parts.get("text", ""))
