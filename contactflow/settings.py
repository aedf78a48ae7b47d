"""Every setting, read from the environment and an optional .env file beside manage.py.

.env.example explains each variable; a wrong combination is a system check in contactflow.checks.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static
from django.urls import reverse_lazy

from contactflow import embedded, environment, machine, mail_providers

BASE_DIR = machine.BASE_DIR
VAR_DIR = machine.VAR_DIR

machine.read_dotenv()
env = environment.Environment()

LEVELS = "CRITICAL|ERROR|WARNING|INFO|DEBUG"
LOG_LEVEL: str = env.matching("LOG_LEVEL", "INFO", pattern=LEVELS, wanted=LEVELS.replace("|", " or ")).upper()

# Who we are to the outside
DEBUG = env.bool("DEBUG", False)
PUBLIC_URL: str = env.str("PUBLIC_URL", "").rstrip("/") or f"http://localhost:{env.int('PORT', machine.running_port())}"
_public = urlsplit(PUBLIC_URL)
# Where links and pictures of emails lead, by which opens and clicks are noticed; a brand may have a host of its own.
TRACKING_URL: str = env.str("TRACKING_URL", "").rstrip("/")
TRACKING_HIDDEN_LINK: bool = env.bool("TRACKING_HIDDEN_LINK", False)
_hosts = {_public.hostname, urlsplit(TRACKING_URL).hostname, "localhost", "127.0.0.1", "[::1]"}
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=sorted(filter(None, _hosts)))
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[f"{_public.scheme}://{_public.netloc}"])
SECRET_KEY: str = env.str("SECRET_KEY", "") or machine.secret("secret_key")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])

# Transport security follows the scheme people use to reach us.
USES_HTTPS = _public.scheme == "https"
SECURE_SSL_REDIRECT = USES_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if USES_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if USES_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = USES_HTTPS
SECURE_HSTS_PRELOAD = USES_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = USES_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
SILENCED_SYSTEM_CHECKS = ["security.W019"]  # the admin shows previews of messages in frames of its own

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # without its site, since ours takes the place
    "unfold.contrib.filters",
    "contactflow.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "csp",
    "contactflow",
    "contacts",
    "engagement",
    "workflows",
    "notion_bridge",
]

MIDDLEWARE = [
    "contactflow.health.HealthMiddleware",  # first: probes know neither our host name nor https
    "engagement.tracking.doors.TrackingMiddleware",  # brands have hosts of their own; and no session, no cookie
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "contactflow.middleware.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "contactflow.middleware.ApiRequestMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "contactflow.middleware.NulBytesMiddleware",
    "contactflow.core.actor.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "contactflow.middleware.TimezoneMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "contactflow.api.idempotency.IdempotencyMiddleware",
]

ROOT_URLCONF = "contactflow.urls"
WSGI_APPLICATION = "contactflow.wsgi.application"
APPEND_SLASH = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database: PostgreSQL only. Without DATABASE_URL the private server under var/ (contactflow.embedded).
DATABASES = {"default": env.database("DATABASE_URL", fallback=embedded.machine_cluster().url)}
DATABASES["default"].update(
    CONN_MAX_AGE=600,
    CONN_HEALTH_CHECKS=True,
    ATOMIC_REQUESTS=False,
)
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options.setdefault("application_name", "contactflow")
_options.setdefault("connect_timeout", 10)
_options.setdefault("prepare_threshold", 5)  # allows contactflow.core.prepared; Django's own statements never are
if socket_folder := _options.pop("host", ""):
    DATABASES["default"]["HOST"] = socket_folder

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "en"
TIME_ZONE: str = env.time_zone("TIME_ZONE")
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["contactflow.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # what collectstatic has not collected yet is served all the same

# A mail provider instead of a mail server, by the name django-anymail gives it, with the variables it names.
EMAIL_PROVIDERS = mail_providers.NAMES
EMAIL_PROVIDER, _provider_keys = env.mail_provider("EMAIL_URL", name="EMAIL_PROVIDER")
ANYMAIL: dict[str, Any] = {
    "IGNORE_UNSUPPORTED_FEATURES": True,  # not every provider carries our id with a message
    "REQUESTS_TIMEOUT": (10, 30),  # seconds to connect, and to answer
    **(_provider_keys or {}),
    **env.of_services([name.upper() for name in EMAIL_PROVIDERS]),
}

# Mail. Without EMAIL_URL every message stays in the outbox staff read in the admin.
EMAIL_URL: str = env.str("EMAIL_URL", "") if _provider_keys is None else ""
vars().update(env.mail("EMAIL_URL") if _provider_keys is None else {})
DEFAULT_FROM_EMAIL_IS_SET = bool(env.str("DEFAULT_FROM_EMAIL", ""))
DEFAULT_FROM_EMAIL: str = env.mailbox("DEFAULT_FROM_EMAIL", f"Contactflow <contactflow@{_public.hostname}>")
EMAIL_TIMEOUT = 30  # seconds, of Django's own mail; engagement.channels bounds the phases of ours

ANYMAIL.pop("AMAZON_SES_TOPICS", None)  # ours
AMAZON_SES_TOPICS: list[str] = env.list("AMAZON_SES_TOPICS", default=[])  # the only ones heard; none: all

# Where answers arrive: one mailbox for all, and one for each brand that has its own (by slug); "" is the installation.
INBOX_URLS: dict[str, str] = env.by_suffix("INBOX_URL")
INBOX_PLUS_ADDRESSING: bool = env.bool("INBOX_PLUS_ADDRESSING", False)
# Whose word on who sent a message is taken: the name our own mail server puts first in Authentication-Results.
INBOX_AUTHSERV_ID: str = env.str("INBOX_AUTHSERV_ID", "").strip().lower()

# The daily digest of what needs somebody: from which hour of TIME_ZONE on, and to whom.
DIGEST_HOUR: int | None = env.hour("DIGEST_HOUR", 8)
DIGEST_ROLES = ("Owner", "Operator")

# The workers
REDIS_URL: str = env.redis("REDIS_URL")
WORKERS: int = env.at_least("WORKERS", 1, 2)
Q_CLUSTER = {
    "name": "contactflow",
    "workers": WORKERS,
    "timeout": 180,  # seconds: past this a worker is killed, and its action becomes ambiguous
    "retry": 300,
    "max_attempts": 1,  # the plan lives in ScheduledAction; a lost pump run is simply followed by the next
    "bulk": 1,
    "queue_limit": max(4, WORKERS),
    "poll": 0.2,
    "save_limit": -1,  # keep no row per successful run
    "catch_up": False,
    "ack_failures": True,
    "recycle": 5000,
    "label": "Workers",
    "log_level": LOG_LEVEL,
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}
# What each run of the pump does, in order: dotted paths of callables that take `deadline` and return how much they did.
ACTION_TYPES = [  # in the order in which staff choose among them; each a class of workflows.actions.base
    "workflows.actions.send_email.SendEmail",
    "workflows.actions.send_notification.SendNotification",
    "workflows.actions.create_task.CreateTask",
    "workflows.actions.schedule_follow_up.ScheduleFollowUp",
    "workflows.actions.follow_up.FollowUp",
]
PUMP_STEPS = [
    "workflows.execution.run_pump_step",
    "engagement.language_model.passages.run_pump_step",
    "engagement.inbound.mailboxes.run_pump_step",
    "workflows.late_answers.run_pump_step",
    "workflows.failures.run_pump_step",
    "workflows.digest.run_pump_step",
    "engagement.response_alerts.run_pump_step",
    "engagement.deliveries.run_pump_step",
    "engagement.providers.processing.run_pump_step",
    "engagement.message_consequences.run_pump_step",
    "engagement.goals.run_pump_step",
    "workflows.goals.run_pump_step",
    "engagement.experiments.running.run_pump_step",
    "engagement.tracking.labelling.run_pump_step",
    "workflows.starting.bulk.run_pump_step",
    "notion_bridge.syncing.run_pump_step",
    "workflows.transfers.runs.run_pump_step",
    "contactflow.personal_data.erasure.run_pump_step",
    "contactflow.personal_data.retention.run_pump_step",
]
# What takes back what is prepared for people who may not be written to any more: dotted paths of callables that take
# their ids, `contacts`.
TAKE_BACK_STEPS = ["workflows.leases.take_back", "engagement.deliveries.take_back"]
# What is known of the actions whose ids stand on messages, tasks and alerts: which workflow, and may it be followed.
ACTION_ORIGINS = {
    "workflows_of": "workflows.origins.workflows_of",
    "is_followed_sql": "workflows.origins.IS_FOLLOWED_SQL",
}
# What else is to forget somebody who is deleted: dotted paths of callables that take a contacts.deletion.Erased.
ERASURE_STEPS = [
    "engagement.erasure.forget",
    "workflows.transfers.erasure.forget",
    "engagement.providers.erasure.forget",
    "notion_bridge.erasure.forget",
    "contactflow.personal_data.traces.forget",  # last: the trail writes down what the others take away
]
WORKER_PULSE_SECONDS = 5  # how often an idle cluster is asked for a sign of life
WORKER_STUCK_SECONDS = 120  # how old the sign of life may be before the cluster is replaced

INTAKE_THROTTLE = env.matching("INTAKE_THROTTLE", "60/min", pattern=r"\d+/[smhd][a-z]*", wanted="a rate such as 60/min")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "contactflow.api.keys.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["contactflow.api.keys.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["contactflow.api.throttles.IntakeKeyThrottle"],
    "DEFAULT_THROTTLE_RATES": {"intake": INTAKE_THROTTLE},
    "DEFAULT_PARSER_CLASSES": ["contactflow.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "contactflow.api.rendering.StaffPages",
    ],
    "DEFAULT_FILTER_BACKENDS": ["contactflow.api.filters.StrictFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "contactflow.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is answered 405: /api/schema/ describes the API
    "EXCEPTION_HANDLER": "contactflow.api.problems.handle",
    "NUM_PROXIES": env.at_least("NUM_PROXIES", 0, 0),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Contactflow",
    "VERSION": "1",
    "DESCRIPTION": "Contacts, the workflows they go through, and what came of them.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/(api/v1|contact-workflows)",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "contactflow.api.schema.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Priority": "engagement.models.Priority",
        "MessageState": "engagement.models.Message.Status",
        "TaskState": "engagement.models.Task.Status",
        "ConsentState": "contacts.models.Consent.State",
        "ReplyState": "engagement.models.Reply.State",
        "ReplyChangeState": [("new", "new"), ("answered", "answered"), ("done", "done")],
        "ReplyKind": "engagement.models.Reply.Kind",
        "DeliveryState": "engagement.models.Delivery.Status",
        "InstanceState": "workflows.models.WorkflowInstance.Status",
        "ActionState": "workflows.models.ScheduledAction.Status",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
# How many people whom a key of scope `intake` brings in a day get emails: anybody may read such a key in a web page.
NEW_RECIPIENTS_PER_DAY: int = env.at_least("NEW_RECIPIENTS_PER_DAY", 0, 200)
# The one page that takes a file; nothing of a file that comes to another is kept.
UPLOAD_PAGE = "admin:workflows_importrun_add"
UPLOAD_PERMISSIONS = ("contacts.add_contact", "contacts.change_contact")
UPLOAD_BYTES = 51_000_000  # of its whole form: the file may have 50 MB
FILE_UPLOAD_HANDLERS = ["workflows.transfers.files.LimitedUpload"]  # stops at the size an import may have
DATA_UPLOAD_MAX_NUMBER_FILES = 1
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000  # a thousand chosen rows, and what is asked about them
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # bytes of a request body; more is answered 413

# Channels by name (a system check resolves them).
ENGAGEMENT_CHANNELS = {
    "email": f"engagement.channels.{'provider.ProviderChannel' if EMAIL_PROVIDER else 'email.EmailChannel'}",
    "outbox": "engagement.channels.outbox.OutboxChannel",  # takes what "email" would while no mail is connected
}
# How many messages a process may have between their intents, which are one commit, and their results. After a crash
# so many are unclear at most, for somebody to look into; more make bulk mail quicker.
SEND_INTENTS: int = env.int("SEND_INTENTS", 1)
if not 1 <= SEND_INTENTS <= 100:
    raise environment.refuse("SEND_INTENTS", str(SEND_INTENTS), "1 to 100")
ALERT_STREAMS_OF_ONE = 3  # of them, for one key or colleague
ALERT_STREAM_LIMIT = 8  # event streams of alerts that one web process serves at a time; each holds a thread

# Notion
NOTION_API_KEY: str = env.str("NOTION_API_KEY", "")
NOTION_BASE_URL: str = env.web_address("NOTION_BASE_URL", "https://api.notion.com")
NOTION_REQUESTS_PER_SECOND: float = env.float("NOTION_REQUESTS_PER_SECOND", 3.0)  # of all processes together
if not 0 < NOTION_REQUESTS_PER_SECOND < float("inf"):
    raise environment.refuse("NOTION_REQUESTS_PER_SECOND", str(NOTION_REQUESTS_PER_SECOND), "more than 0, such as 3")
NOTION_POLL_SECONDS = 30  # how often Notion is asked what was edited, webhooks or not
NOTION_SCHEMA_SECONDS = 300  # how often it is asked how its databases look
NOTION_LOOK_UP_SECONDS = 10  # how long a page may take to be found after a creation that was not answered
NOTION_DATABASES = {
    "contacts": env.str("NOTION_CONTACTS_PROFILES_DB", ""),
    "instances": env.str("NOTION_ACTIVE_WORKFLOW_INSTANCES_DB", ""),
    "tasks": env.str("NOTION_TASKS_DB", ""),
}

# A language model for passages of premium emails: any server that speaks the OpenAI protocol.
AI_BASE_URL: str = env.web_address("AI_BASE_URL")
AI_API_KEY: str = env.str("AI_API_KEY", "")
AI_MODEL: str = env.str("AI_MODEL", "")
AI_DAILY_BUDGET = 200  # calls a day (UTC); past it the approved fallback texts stand

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {
        "one_line": {"()": "contactflow.core.log_filters.OneLine"},
        "no_tokens": {"()": "contactflow.core.log_filters.WithoutTokens"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["one_line", "no_tokens"]}
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "waitress": {"level": "WARNING"},  # readers who leave
        "waitress.queue": {"level": "ERROR"},  # requests that wait for a thread for a moment
        "httpx": {"level": "WARNING"},  # else a line for every request
        "httpx2": {"level": "WARNING"},  # likewise
        "django-q": {"level": "WARNING", "handlers": ["console"], "propagate": False},
    },
}

# Strict everywhere; contactflow.middleware loosens it under /admin/ as far as Unfold needs.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
    }
}
ADMIN_CONTENT_SECURITY_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}

# The frame of the admin; what stands in it is contactflow.admin_site's.
UNFOLD = {
    "SITE_TITLE": "Contactflow",
    "SITE_HEADER": "Contactflow",
    "SITE_SYMBOL": "hub",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("contactflow/favicon.svg")}
    ],
    "STYLES": [lambda request: static("contactflow/desk.css"), lambda request: static("contactflow/frame.css")],
    "SCRIPTS": [
        lambda request: static("contactflow/timezone.js"),
        lambda request: static("contactflow/access.js"),
        lambda request: static("contactflow/once.js"),
        lambda request: static("contactflow/slug.js"),
    ],
    "ACCOUNT": {
        "navigation": [
            {"title": "My profile", "link": reverse_lazy("admin:profile")},
            {"title": "Change my password", "link": reverse_lazy("admin:password_change")},
        ]
    },
    "DASHBOARD_CALLBACK": "contactflow.admin_site.start_page",
    "SIDEBAR": {"navigation": "contactflow.admin_site.sidebar", "show_search": True, "command_search": True},
    "COLORS": {
        "primary": {  # a blue that white text is readable on
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        }
    },
}
