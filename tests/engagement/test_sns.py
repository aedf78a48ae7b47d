"""Whether Amazon signed a notification: with a server of our own that speaks for its address."""

from __future__ import annotations

import base64
import datetime as dt
import http.server
import json
import ssl
import threading
from dataclasses import dataclass, field

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from requests.adapters import HTTPAdapter

from engagement.models import ProviderDelivery
from engagement.providers import sns
from tests.engagement.provider_signatures import AMAZON, SNS_CERTIFICATE, Sent, sns_text
from tests.engagement.test_hooks import post, understand
from tests.provider import Provider

pytestmark = pytest.mark.django_db
HOST, ADDRESS = "sns.eu-west-1.amazonaws.com", SNS_CERTIFICATE.format("eu-west-1")
TOPIC = "arn:aws:sns:eu-west-1:1:ours"
TOLD = {"Type": "Notification", "MessageId": "1", "TopicArn": TOPIC, "Message": "{}", "Timestamp": "2025-11-30T08:00Z"}
CONFIRM = {**TOLD, "Type": "SubscriptionConfirmation", "Token": "t0ken", "SubscribeURL": "http://127.0.0.1:1/"}


def certificate(key, *, by, name=HOST, issuer="Our own authority", days=30):
    now, names = dt.datetime.now(dt.UTC), [x509.NameAttribute(x509.NameOID.COMMON_NAME, one) for one in (name, issuer)]
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name(names[1:]),
        subject_name=x509.Name(names[:1]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - dt.timedelta(days=40),
        not_valid_after=now + dt.timedelta(days=days),
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    is_authority = x509.BasicConstraints(ca=name == issuer, path_length=None)
    made = builder.add_extension(is_authority, critical=True).sign(by, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


@dataclass
class Amazon:
    """Gives the certificate of its signatures at its address, over TLS."""

    answer: bytes
    status: int = 200
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A key, the file with its certificate, and the file of a server that it vouches for."""
    folder, key, server = tmp_path_factory.mktemp("tls"), *(rsa.generate_private_key(65537, 2048) for _ in range(2))
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    issuer = "Our own authority"
    (folder / "authority.pem").write_bytes(certificate(key, by=key, name=issuer, issuer=issuer))
    (folder / "server.pem").write_bytes(server.private_bytes(*pem) + certificate(server, by=key))
    return folder


class ToUs(HTTPAdapter):
    """Leads to the loopback what is for Amazon, and still asks for Amazon's name."""

    def __init__(self, port):
        self.port = port
        super().__init__()

    def init_poolmanager(self, *sizes, **options):
        super().init_poolmanager(*sizes, server_hostname=HOST, assert_hostname=HOST, **options)

    def send(self, request, **options):
        request.url = request.url.replace(HOST, f"127.0.0.1:{self.port}")
        return super().send(request, **options)


@pytest.fixture
def amazon(authority, monkeypatch):
    speaking = Amazon(certificate(AMAZON, by=AMAZON))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            speaking.asked.append(self.path)
            self.send_response(speaking.status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(speaking.answer)

        def log_message(self, *said):
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def session():
        made = requests.Session()
        made.mount(f"https://{HOST}", ToUs(server.server_address[1]))
        made.trust_env = False  # a bundle of the machine's would be preferred
        made.verify = str(authority / "authority.pem")
        return made

    monkeypatch.setattr(sns, "session", session)
    monkeypatch.setattr(sns, "keys", {})
    monkeypatch.setattr(sns, "_failed", {})
    yield speaking
    server.shutdown()
    server.server_close()


def sign(told, *, version="1", key=AMAZON, address=ADDRESS):
    digest = {"1": hashes.SHA1(), "2": hashes.SHA256()}.get(version, hashes.SHA256())
    signature = base64.b64encode(key.sign(sns_text(told), padding.PKCS1v15(), digest)).decode()
    return {**told, "SignatureVersion": version, "SigningCertURL": address, "Signature": signature}


def test_both_signatures_of_amazon_are_known_by_a_certificate_that_is_asked_for_once(amazon):
    for told in (TOLD, {**TOLD, "Subject": "Amazon SES"}, CONFIRM):
        for version in ("1", "2"):
            sns.check(sign(told, version=version))

    assert amazon.asked == ["/SimpleNotificationService-0123456789abcdef.pem"]


def test_what_amazon_did_not_sign_is_refused_and_nobody_else_is_asked(amazon):
    other, good = rsa.generate_private_key(65537, 2048), sign(TOLD)
    elsewhere = (
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com@127.0.0.1/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com:444/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/bucket/../SimpleNotificationService-0123456789abcdef.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",  # not its topic's
        f"{ADDRESS}?a", f"{ADDRESS}\n", ADDRESS.replace("https", "http"), "http://169.254.169.254/", "",
    )  # fmt: skip
    forged = [
        {**good, "Message": "{ }"},
        {**good, "Signature": "AAAA"},
        {**good, "Signature": "?"},
        {name: said for name, said in good.items() if name != "Signature"},
        sign(TOLD, key=other),
        sign(TOLD, version="3"),
        *(sign(TOLD, address=address) for address in elsewhere),
    ]

    taken = []
    for told in forged:
        with pytest.raises(sns.NotSigned):
            taken.append(sns.check(told))

    assert taken == []
    assert len(amazon.asked) == 1


@pytest.mark.parametrize("trouble", ["away", "moved", "endless", "nonsense", "expired", "of nobody known"])
def test_a_certificate_that_is_not_to_be_had_leaves_it_to_be_told_again(amazon, trouble, monkeypatch):
    amazon.status = {"away": 503, "moved": 302}.get(trouble, 200)
    amazon.answer = {
        "endless": b"x" * (sns.LARGEST + 1),
        "nonsense": b"<html>",
        "expired": certificate(AMAZON, by=AMAZON, days=-2),
    }.get(trouble, amazon.answer)
    if trouble == "of nobody known":
        ours = sns.session
        monkeypatch.setattr(sns, "session", lambda: _trusting_the_world(ours()))

    answers = [post("amazon_ses", _sent(sign(TOLD)), is_signed=False).status_code for _ in range(2)]

    assert answers == [503, 503]
    assert len(amazon.asked) == (0 if trouble == "of nobody known" else 1)  # nor is it asked for again at once
    assert not ProviderDelivery.objects.exists()


def test_a_subscription_is_confirmed_at_amazon_for_a_listed_topic_alone(amazon, settings):
    sent = _sent(CONFIRM)
    with Provider(answer=b"<ConfirmSubscriptionResponse/>") as api:
        aws = {"region_name": "eu-west-1", "aws_access_key_id": "key", "aws_secret_access_key": "key"}
        settings.ANYMAIL = {"AMAZON_SES_CLIENT_PARAMS": {**aws, "endpoint_url": api.url}}
        settings.AMAZON_SES_TOPICS = ["arn:aws:sns:eu-west-1:1:another"]
        foreign = post("amazon_ses", sent).status_code
        settings.AMAZON_SES_TOPICS = []
        post("amazon_ses", _sent({**CONFIRM, "MessageId": "2"}))
        understand()
        before = len(api.requests)
        settings.AMAZON_SES_TOPICS = [TOPIC]
        forged = post("amazon_ses", sent, is_signed=False).status_code
        listed = post("amazon_ses", sent).status_code
        understand()

    assert (foreign, forged, listed, before) == (403, 403, 200, 0)
    assert ["Action=ConfirmSubscription" in told["raw"] and "t0ken" in told["raw"] for _, told in api.requests] == [
        True
    ]


def _sent(told):
    headers = {"x-amz-sns-message-type": told["Type"], "x-amz-sns-message-id": told["MessageId"]}
    return Sent(json.dumps(told).encode(), "text/plain; charset=UTF-8", headers)


def _trusting_the_world(session):
    session.verify = True
    return session
