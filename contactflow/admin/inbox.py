"""The inbox: what people wrote, the whole exchange with them, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.contrib.filters.admin import RelatedDropdownFilter

from contactflow import contact_summary
from contactflow.admin import mail_writing, writing_help
from contactflow.admin.person_forms import colleagues
from contactflow.core import clock, datetimes, numbers
from contactflow.core.admin.filters import choice_filter
from contactflow.core.admin.model_admin import ReadOnlyAdmin, address_of, column, name_of, page
from contacts import search
from contacts.admin import people_search
from contacts.models import Contact
from engagement import inbound, inbox, worklist
from engagement.admin import live_updates
from engagement.admin.live_updates import LiveList
from engagement.language_model import is_available
from engagement.models import WAITING, Message, Reply, ResponseClock
from engagement.models.clocks import UNANSWERED

State = Reply.State
SHOWN = [
    ("all", "Waiting"), ("mine", "Mine"), ("team", "My teams'"), ("answered", "Answered"), ("done", "Done"),
    ("check", "To be checked"), ("machines", "Automatic"),
]  # fmt: skip
TONES = {
    State.NEW: "is-warn", State.ASSIGNED: "is-info", State.ANSWERED: "is-good", State.DONE: "",
    State.QUARANTINED: "is-bad",
}  # fmt: skip
MESSAGE_TONES = {
    Message.Status.SENT: "is-good", Message.Status.FAILED: "is-bad", Message.Status.AMBIGUOUS: "is-warn",
}  # fmt: skip
FIRST_WORDS = 140


@choice_filter("which", live_updates.WHOSE, SHOWN)
def by_state(rows: QuerySet[Reply], chosen: str, request: HttpRequest) -> QuerySet[Reply]:
    """What waits, unless something else is asked for; a search looks through everything people wrote."""
    user = cast(User, request.user)
    if chosen in ("", "all"):
        return rows.filter(inbox.WRITTEN) if request.GET.get("q") else rows.filter(WAITING, inbox.WRITTEN)
    narrowed = {
        "mine": Q(WAITING, assignee=user.pk),
        "team": Q(WAITING, target__in=worklist.targets_of(user)),
        "answered": Q(state=State.ANSWERED),
        "done": Q(inbox.WRITTEN, state=State.DONE),
        "check": Q(state=State.QUARANTINED),
        "machines": ~inbox.WRITTEN,
    }
    return rows.filter(narrowed[chosen]) if chosen in narrowed else rows


@admin.register(Reply)
class InboxAdmin(LiveList, ReadOnlyAdmin):
    when_empty = (
        "Nobody waits for an answer here. What people write back stands here as soon as a mailbox is connected "
        "(INBOX_URL), or your mail provider passes it on."
    )
    list_display = ("mail", "waits", "looked_after", "deed")
    whose = SHOWN
    list_filter = (by_state, ("business_entity", RelatedDropdownFilter), ("target", RelatedDropdownFilter))
    list_select_related = ("contact", "business_entity", "target", "assignee")
    sortable_by = ()  # no other order has an index
    search_fields = ("subject", "contact__email")
    search_help_text = "Subject, or the person's name, address, company or telephone number"
    change_list_template = "admin/contactflow/inbox_list.html"

    def version(self) -> str:
        return inbox.version(now=clock.database_now())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reply]:
        promised = ResponseClock.objects.filter(
            UNANSWERED, contact=OuterRef("contact"), business_entity=OuterRef("business_entity")
        ).order_by("due_at")
        rows: QuerySet[Reply] = super().get_queryset(request).defer("raw")
        return rows.annotate(promised_by=Subquery(promised.values("due_at")[:1]))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        for word in search.terms(search_term):
            found = Q(subject__icontains=word) | Q(sender__icontains=word)
            queryset = queryset.filter(found | Q(contact__in=people_search.people_of(word)))
        return queryset, False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": "Inbox", **(extra_context or {})})

    @column("Who wrote what")
    def mail(self, reply: Reply) -> SafeString:
        who = str(reply.contact) if reply.contact else reply.sender or "Unknown sender"
        about = " · ".join(str(part) for part in (reply.business_entity, reply.subject) if part)
        return format_html(
            '<div class="work-cell inbox-line"><a href="{}" class="text-link desk-strong">{}</a>'
            '<span class="desk-faint">{}</span><span>{}</span></div>',
            address_of(reply), who, about, Truncator(" ".join(reply.text.split())).chars(FIRST_WORDS),
        )  # fmt: skip

    @column("Waits", ordering="received_at")
    def waits(self, reply: Reply) -> SafeString:
        since = datetimes.moment(reply.received_at)
        promised = getattr(reply, "promised_by", None)
        if reply.state not in (State.NEW, State.ASSIGNED) or promised is None:
            return format_html('<div class="work-cell">{}</div>', since)
        tone = "is-bad" if promised < clock.database_now() else ""
        said = format_html('<span class="desk-chip {}">promised by {}</span>', tone, datetimes.moment(promised))
        return format_html('<div class="work-cell"><span>since {}</span>{}</div>', since, said)

    @column("State")
    def looked_after(self, reply: Reply) -> SafeString:
        whose = name_of(reply.assignee) if reply.assignee else reply.target or "nobody yet"
        if reply.state in inbox.SETTLED:
            whose = f"by {reply.settled_by}" if reply.settled_by else ""
        tone, name = TONES[State(reply.state)], reply.get_state_display()
        return format_html(
            '<div class="work-cell"><span class="desk-chip {}">{}</span><span>{}</span></div>', tone, name, whose
        )

    @column("Do")
    def deed(self, reply: Reply) -> SafeString:
        return render_to_string("admin/contactflow/inbox_deeds.html", {"reply": reply})

    # One exchange

    @method_decorator(mail_writing.PICTURES)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        reply = self.get_object(request, unquote(object_id))
        if reply is None:
            return super().change_view(request, object_id, form_url, extra_context)  # says that there is none
        if not self.has_view_permission(request, reply):
            raise PermissionDenied
        if request.method != "GET":
            return super().change_view(request, object_id, form_url, extra_context)  # nobody changes what they wrote
        return self._exchange(request, reply, None)

    @method_decorator(mail_writing.PICTURES)
    @page("<uuid:object_id>/answer/", method="POST")
    def answer(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        reply = get_object_or_404(Reply.objects.defer("raw").select_related("contact", "business_entity"), pk=object_id)
        if not mail_writing.may_write(request) or reply.contact is None or reply.state == State.QUARANTINED:
            raise PermissionDenied("Your role may read mails but not answer them.")
        form = mail_writing.MailForm(request.POST)
        if mail_writing.send(request, reply.contact, form, reply=reply):
            return HttpResponseRedirect(address_of(reply))
        return self._exchange(request, reply, form)

    def _exchange(self, request: HttpRequest, reply: Reply, form: mail_writing.MailForm | None) -> HttpResponse:
        contact, now = reply.contact, clock.database_now()
        mails = inbox.exchange(contact=contact) if contact else [inbox.Mail(at=reply.received_at, reply=reply)]
        version = f"{inbox.seen(mails)}-{reply.state}-{reply.assignee_id}-{int(now.timestamp() // 60)}"
        if live_updates.is_unchanged(request, version):
            return live_updates.unchanged()
        context: dict[str, Any] = {
            "original": reply,
            "subtitle": str(contact or reply.sender),
            "title": reply.subject or "(no subject)",
            "reply": reply,
            "contact": contact,
            "mails": [self._shown(mail, reply) for mail in mails],
            "state_tone": TONES[State(reply.state)],
            "now": now,
            "live": {"version": version, "address": address_of(reply), "every": live_updates.EVERY_SECONDS},
            "may_change": self.has_deed_permission(request),
            "colleagues": colleagues(),
        }
        if contact and reply.state != State.QUARANTINED:
            context["person"] = contact_summary.gather(contact=contact)
            if mail_writing.may_write(request):
                form = form or mail_writing.form_for(contact, reply=reply)
                context |= mail_writing.context_of(contact, form) | {"mail_action": address_of(reply, "answer")}
                kinds = {"answer": "Propose an answer"} if is_available() else {}
                context |= writing_help.context_of(contact, kinds, reply=reply)
        return self.framed(request, "admin/contactflow/inbox_exchange.html", context)

    def _shown(self, mail: inbox.Mail, reply: Reply) -> dict[str, Any]:
        message = mail.message
        return {
            "it": mail,
            "is_asked": mail.reply is not None and mail.reply.pk == reply.pk,
            "tone": MESSAGE_TONES.get(Message.Status(message.status), "is-info") if message else "",
            "is_folded": message is not None and not message.author,
        }

    # What is done about it

    @page("<uuid:object_id>/take/", method="POST")
    def take(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        return self._done(request, object_id, lambda reply: _assigned(reply, cast(User, request.user)))

    @page("<uuid:object_id>/assign/", method="POST")
    def assign(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        to = colleagues().filter(pk=numbers.key(request.POST.get("to"))).first()
        return self._done(request, object_id, lambda reply: _assigned(reply, to))

    @page("<uuid:object_id>/settle/", method="POST")
    def settle(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        by = request.user.get_username()

        def act(reply: Reply) -> str:
            inbox.settle(reply=reply, by=by, now=clock.database_now())
            return "Done: nobody is asked for an answer any more."

        return self._done(request, object_id, act)

    @page("<uuid:object_id>/reopen/", method="POST")
    def reopen(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        def act(reply: Reply) -> str:
            inbox.reopen(reply=reply)
            return "It waits for an answer again."

        return self._done(request, object_id, act)

    @page("<uuid:object_id>/accept/", method="POST")
    def accept(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Of one that is to be checked: it is from the contact named by the address."""
        typed, by = request.POST.get("email", "").strip().lower(), request.user.get_username()

        def act(reply: Reply) -> str:
            contact = Contact.objects.filter(email=typed).first()
            if contact is None:
                raise inbox.NotPossible(f"There is no contact with the address “{typed[:100]}”: add them first.")
            inbound.accept(reply=reply, contact=contact, by=by, now=clock.database_now())
            return f"It is from {contact}, and waits for an answer."

        return self._done(request, object_id, act)

    def _done(self, request: HttpRequest, object_id: UUID, act: Callable[[Reply], str]) -> HttpResponse:
        """A script that asks for JSON gets a sentence; a browser goes back to its page with it."""
        if not self.has_deed_permission(request):
            raise PermissionDenied("Your role may look at the inbox but not change it.")
        reply = get_object_or_404(Reply.objects.defer("raw"), pk=object_id)
        as_json = request.headers.get("Accept", "").startswith("application/json")
        try:
            said = act(reply)
        except inbox.NotPossible as refusal:
            if as_json:
                return JsonResponse({"said": str(refusal)}, status=409)
            messages.error(request, str(refusal))
        else:
            if as_json:
                return JsonResponse({"said": said})
            messages.success(request, said)
        return live_updates.back(request, address_of(reply))


def _assigned(reply: Reply, to: User | None) -> str:
    inbox.assign(reply=reply, to=to)
    return f"{name_of(to)} looks after it." if to else "Nobody in particular looks after it now."
