import gzip
import re
from dataclasses import replace

from starlette.testclient import TestClient

from collector.app import create_app
from collector.dashboard.assets import assets
from tests.collector.a_collector import basic
from tests.collector.dashboard.a_page import BROWSER, opened, page_of
from tests.collector.reads.a_house import ADMIN, House


def test_a_browser_is_sent_to_the_dashboard_and_a_program_gets_links(house: House) -> None:
    sent_on = house.client.get("/", params={"fleet": "a b"}, headers=BROWSER, follow_redirects=False)
    links = house.client.get("/", headers={"Accept": "application/json"})

    assert (sent_on.status_code, sent_on.headers["location"]) == (307, "/matrix?fleet=a+b")
    assert links.json()["dashboard"] == "/matrix"
    assert {sent_on.headers["vary"], links.headers["vary"]} == {"Accept"}


def test_an_empty_collector_says_what_to_do_first(house: House) -> None:
    page = opened(house.client, "/matrix")

    assert "orchestrate up" in page.one("main").text
    entries = page.one("nav").all("a")
    assert [item.text for item in entries][:2] == ["Matrix", "Slow regions"]
    assert [item.text for item in entries if "aria-current" in item.attributes] == ["Matrix"]


def test_assets_are_kept_for_long_under_names_that_change_with_them(house: House) -> None:
    page = opened(house.client, "/matrix")
    addresses = [item.attributes["href"] for item in page.all("link")]
    addresses += [item.attributes["src"] for item in page.all("script")]
    style = next(item for item in addresses if item.endswith(".css"))

    for address in addresses:
        answer = house.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert re.search(r"-[0-9a-f]{12}\.", address)
    text = house.client.get(style, headers={"Accept-Encoding": "gzip"})
    plain = house.client.get(style, headers={"Accept-Encoding": "identity"})
    assert text.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert text.content == plain.content
    opened(house.client, style.replace("-", "-0"), status=404)


def test_a_style_sheet_names_its_fonts_as_they_are_served(house: House) -> None:
    found = re.findall(rb'url\("([^"]+)"\)', assets()["dashboard.css"].content)

    assert found
    for address in found:
        assert house.client.get(address.decode()).headers["content-type"] == "font/woff2"


RUBBISH = [
    ("since=yesterday", "2026-03-01T12:00:00Z"),
    ("since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "exchange the two"),
    ("sweep_id=7", "UUID"),
    ("flet=edge", "did you mean fleet=?"),
    ("%F0%9F=%00", "this page knows"),
    ("fleet=%00", "give a name or a UUID"),
]


def test_a_rubbish_question_is_400_with_a_hint(house: House) -> None:
    for question, hint in RUBBISH:
        page = opened(house.client, f"/matrix?{question}", status=400)

        assert hint in page.one("main").text


def test_what_is_unknown_is_a_page_for_a_browser_and_json_for_a_program(house: House) -> None:
    page = opened(house.client, "/nowhere", status=404)

    assert page.one("h1").text == "There is no such thing"
    assert opened(house.client, "/matrix?fleet=nobody", status=404).one("main").text.count("nobody")
    assert house.client.get("/nowhere").json()["error"] == "not_found"
    assert house.client.get("/api/v1/nowhere", headers=BROWSER).json()["error"] == "not_found"


def test_of_several_fleets_one_is_to_be_chosen_and_stays_chosen(house: House) -> None:
    for name in ("edge", "<b>core"):
        house.fleet(name)

    choice = opened(house.client, "/matrix", status=400)
    links = {item.text: item.attributes["href"] for item in choice.one("main").all("a")}
    page = opened(house.client, links["<b>core"])

    assert set(links) == {"edge", "<b>core"}
    assert all("fleet=%3Cb%3Ecore" in item.attributes["href"] for item in page.one("nav").all("a"))


def test_where_reading_is_closed_a_page_asks_for_credentials_as_browsers_know_it(house: House) -> None:
    settings = replace(house.settings, host="0.0.0.0", reader_token="reading")
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        refused = client.get("/matrix", headers=BROWSER)
        page_of(refused.text)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic ")
        opened(client, "/matrix", status=401, params={"flet": "x"})
        for user, token in (("reader", "reading"), ADMIN):
            answer = client.get("/matrix", headers=BROWSER | basic(user, token))
            assert answer.status_code == 200


def test_pages_are_squeezed_for_those_who_can_read_that(house: House) -> None:
    with house.client.stream("GET", "/matrix", headers=BROWSER | {"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    plain = house.client.get("/matrix", headers=BROWSER | {"Accept-Encoding": "identity"})

    assert gzip.decompress(raw) == plain.content


METHODS = ["POST", "PUT", "DELETE", "PATCH"]


def test_a_page_takes_nothing_but_questions(house: House) -> None:
    for method in METHODS:
        answer = house.client.request(method, "/matrix", headers=BROWSER)

        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
