"""What opens and clicks are measured beside: a bare Django view that inserts the same row with bare psycopg."""

from __future__ import annotations

import os
import threading

import psycopg
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path

from engagement.tracking.doors import GIF

MESSAGE = "BENCHMARK_MESSAGE"  # in the environment: whose hits they are
TARGET = "https://www.example.com/"
INSERT = """
    INSERT INTO engagement_messageevent (message_id, type, at, label, label_reasons, url, detail)
    VALUES (%s, %s, clock_timestamp(), 'unknown', '{}', %s, '{"ip": "127.0.0.1", "agent": "benchmark", "link": 0}')
"""
_of_thread = threading.local()


def _insert(kind: str) -> None:
    if not hasattr(_of_thread, "connection"):
        _of_thread.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    _of_thread.connection.execute(INSERT, [os.environ[MESSAGE], kind, TARGET], prepare=True)


def click(request: HttpRequest, token: str) -> HttpResponse:
    _insert("clicked")
    return HttpResponseRedirect(TARGET, headers={"Content-Length": "0"})


def pixel(request: HttpRequest, token: str) -> HttpResponse:
    _insert("opened")
    return HttpResponse(GIF, content_type="image/gif", headers={"Content-Length": str(len(GIF))})


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(TARGET, headers={"Content-Length": "0"})


def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [
    path("t/c/<token>", click),
    path("t/o/<token>.gif", pixel),
    path("nothing", nothing),
    path("healthz", alive),
]
