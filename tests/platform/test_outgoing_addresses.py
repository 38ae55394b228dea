"""Server-side request forgery: tricks in URLs and addresses, each refused before any connection."""

from ipaddress import ip_address

import pytest

from entrepot.platform.outgoing import NotAnswered, Outgoing
from entrepot.platform.outgoing_addresses import BadUrl, is_open, read_url
from entrepot.platform.settings import SettingsError, read_settings

BAD_FORMS = [
    "", "carrier.net", "//carrier.net/", "https:/carrier.net", "https:carrier.net",
    "https:///etc/passwd", "https://", "https://?x", "https://#x", " https://carrier.net",
    "https://carrier.net/ x", "https://carrier.net\n", "https://carrier.net/a\r\nHost: x",
    "https://carrier.net/\x00", "https://carrier.net/é", "https://carrier.net\\@127.0.0.1/",
    "https://carrier.net/\\..\\x", "https://good@127.0.0.1/", "https://u:p@carrier.net/",
    "https://carrier.net@10.0.0.1/", "https://carrier.net#@10.0.0.1/", "https://carrier.net/#x",
    "https://carrier.net:0/", "https://carrier.net:00443/", "https://carrier.net:65536/",
    "https://carrier.net:22/", "https://carrier.net:25/", "https://carrier.net:6000000000/",
    "https://carrier.net:-1/", "https://carrier.net:80:80/", "https://carrier.net:/",
    "http://carrier.net/", "HTTPS://carrier.net/", "file:///etc/passwd", "ftp://carrier.net/",
    "gopher://carrier.net:70/_x", "dict://127.0.0.1:11211/", "javascript:alert(1)",
    "data:text/plain,x", "unix:///run/x.sock", "jar:https://carrier.net!/", "https://localhost/",
    "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://metadata/",
    "https://metadata.google.internal/", "https://db.local/", "https://router.lan/",
    "https://x.home.arpa/", "https://x.onion/", "https://carrier.net./", "https://.carrier.net/",
    "https://carrier..net/", "https://-carrier.net/", "https://carrier_1.net/",
    "https://127.1/", "https://127.0.1/", "https://2130706433/", "https://0x7f000001/",
    "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.0.0.01/", "https://127.0.0.1./",
    "https://0/", "https://1.2.3/", "https://256.1.1.1/", "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/", "https://１２７.0.0.1/", "https://ⓛocalhost/", "https://ca\u00adrrier.net/",
    "https://[::1", "https://::1/", "https://[::1%25lo]/", "https://[fe80::1%eth0]/", "https://[]/",
    "https://[127.0.0.1]extra/", "https://[v1.x]/", "https://carrier.net/" + "a" * 2048,
    "https://" + "a" * 64 + ".net/", "https://%31%32%37.0.0.1/", "https://carrier.net%2f@10.0.0.1/",
    "https://carrier.net/<script>", 'https://carrier.net/"x', "https://carrier.net/`id`",
]  # fmt: skip

CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1",
    "2001:10::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd00::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip

OPEN = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "100.128.0.1", "172.32.0.1", "192.169.0.1",
    "198.20.0.1", "223.255.255.254", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e",
]  # fmt: skip


@pytest.mark.parametrize("url", BAD_FORMS)
def test_odd_urls_are_refused_unread(url: str) -> None:
    with pytest.raises(BadUrl):
        read_url(url)


@pytest.mark.parametrize("text", CLOSED)
async def test_closed_addresses_are_refused_however_they_come(text: str) -> None:
    address = ip_address(text)
    assert not is_open(address)

    async def leads_there(host: str, port: int) -> list[object]:
        return [ip_address("1.1.1.1"), address]

    literal = f"[{text}]" if ":" in text else text
    for url in ("https://carrier.net/rates", f"https://{literal}/rates"):
        outgoing = Outgoing(resolve=leads_there)  # type: ignore[arg-type]
        for attempt in (outgoing.check(url), outgoing.fetch(url, timeout_s=1)):
            with pytest.raises(NotAnswered) as refused:
                await attempt
            assert refused.value.trouble in ("private_address", "bad_url")


@pytest.mark.parametrize("text", OPEN)
def test_public_addresses_are_open(text: str) -> None:
    assert is_open(ip_address(text))


def test_plain_urls_are_read() -> None:
    place = read_url("https://API.Carrier.net:8443/v1/rates?a=1&b=%20c")
    assert (place.host, place.port, place.target) == (
        "api.carrier.net", 8443, "/v1/rates?a=1&b=%20c"
    )  # fmt: skip
    assert place.authority == "api.carrier.net:8443"
    assert read_url("https://xn--fiqs8s.xn--fiqs8s").target == "/"
    assert read_url("https://[2606:4700::1]/").authority == "[2606:4700::1]"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/", "http://localhost:9000/", "http://[::1]:9000/"]
)
def test_loopback_needs_leave(url: str) -> None:
    assert read_url(url, loopback=True).port == 9000
    with pytest.raises(BadUrl):
        read_url(url)


def test_leave_for_loopback_opens_nothing_else() -> None:
    for url in ("http://10.0.0.1:8080/", "http://carrier.net/", "http://metadata.google.internal/"):
        with pytest.raises(BadUrl):
            read_url(url, loopback=True)
    assert not is_open(ip_address("10.0.0.1"), loopback=True)
    assert not is_open(ip_address("169.254.169.254"), loopback=True)


def test_there_are_tricks_enough() -> None:
    assert len(set(BAD_FORMS)) >= 60
    assert len(set(CLOSED)) >= 40


@pytest.mark.parametrize(("env", "taken"), [("demo", True), ("test", True), ("production", False)])
def test_the_leave_is_a_setting_that_production_refuses(env: str, taken: bool) -> None:
    environ = {"ENTREPOT_ENV": env, "ENTREPOT_OUTGOING_LOOPBACK": "1"}
    if taken:
        assert read_settings(environ).outgoing_loopback
    else:
        with pytest.raises(SettingsError, match="OUTGOING_LOOPBACK"):
            read_settings(environ)
    assert not read_settings({"ENTREPOT_ENV": env}).outgoing_loopback
