"""The page of `graph --format html` in a real browser: Debian's Chromium, driven by its own driver."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from platformspec.picture.cards import Card, Link, Picture
from platformspec.picture.html import html
from tests.unit.test_picture import picture

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="needs chromium and chromedriver (Debian: chromium-driver)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1400,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    yield driver
    driver.quit()


def open_page(browser: Any, folder: pathlib.Path, shown: Picture) -> None:
    file = folder / "page.html"
    file.write_text(html(shown), "utf-8")
    browser.get(file.as_uri())


def card(browser: Any, address: str) -> Any:
    return browser.find_element(By.CSS_SELECTOR, f'[data-address="{address}"]')


def lit(browser: Any) -> set[str]:
    return {one.get_attribute("data-address") for one in browser.find_elements(By.CSS_SELECTOR, ".card.lit")}


def focused(browser: Any) -> str:
    return str(browser.switch_to.active_element.get_attribute("data-address"))


def test_click_shows_yaml_resources_and_edges(browser: Any, tmp_path: pathlib.Path) -> None:
    open_page(browser, tmp_path, picture("rag-assistant"))
    card(browser, "model.assistant").click()
    panel = browser.find_element(By.ID, "panel").text
    for part in (
        "model.assistant",
        "context_tokens: 16384",
        "runs on gpu_pool.chat",
        "gateway.main/chat routes to it",
        "Deployment: ",
    ):
        assert part in panel, panel
    assert lit(browser) >= {"model.assistant", "gpu_pool.chat", "gateway.main", "team.support"}
    assert "database.rag-db" not in lit(browser)
    browser.find_element(By.XPATH, '//button[text()="gpu_pool.chat"]').click()
    assert browser.find_element(By.CSS_SELECTOR, "#panel h2").text == "gpu_pool.chat"


def test_search(browser: Any, tmp_path: pathlib.Path) -> None:
    open_page(browser, tmp_path, picture("rag-assistant"))
    search = browser.find_element(By.ID, "search")
    search.send_keys("bge-m3")
    assert lit(browser) == {"model.embedder"}
    assert browser.find_element(By.ID, "count").text.startswith("1 of ")
    search.send_keys(Keys.ENTER)
    assert focused(browser) == "model.embedder"


def test_keyboard_alone(browser: Any, tmp_path: pathlib.Path) -> None:
    open_page(browser, tmp_path, picture("rag-assistant"))
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys("/")
    assert browser.switch_to.active_element.get_attribute("id") == "search"
    browser.switch_to.active_element.send_keys("gateway.main", Keys.ENTER)
    assert focused(browser) == "gateway.main"
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert focused(browser) == "vector_store.knowledge"
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.find_element(By.ID, "panel").is_displayed()
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not browser.find_element(By.ID, "panel").is_displayed()
    assert focused(browser) == "vector_store.knowledge"


CONTRAST = """
const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number); return 0.2126*channel(r) + 0.7152*channel(g) + 0.0722*channel(b); };
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const style = (s, p) => getComputedStyle(document.querySelector(s))[p];
return [
  ratio(style('.card .name', 'fill'), style('.card .box', 'fill')), ratio(style('.card .kind', 'fill'), style('.card .box', 'fill')),
  ratio(style('.heading', 'fill'), style('body', 'backgroundColor')), ratio(style('h1', 'color'), style('header', 'backgroundColor')),
  light(style('body', 'backgroundColor'))];
"""


def test_light_and_dark_can_be_read(browser: Any, tmp_path: pathlib.Path) -> None:
    """Contrast of text at least 4.5 to 1 (WCAG 2.2, 1.4.3), in both colour schemes."""
    grounds = []
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        open_page(browser, tmp_path, picture("rag-assistant"))
        *ratios, ground = browser.execute_script(CONTRAST)
        assert min(ratios) >= 4.5, (scheme, ratios)
        grounds.append(ground)
    assert grounds[0] > 0.9
    assert grounds[1] < 0.1


def test_a_thousand_cards_and_no_request(browser: Any, tmp_path: pathlib.Path) -> None:
    kinds = ("gateway", "model", "model", "model", "gpu_pool", "team")
    cards = tuple(Card(f"{kinds[n % 6]}.n{n}", kinds[n % 6], f"n{n}", source=f"n{n}: {{}}") for n in range(1000))
    links = tuple(Link(cards[n].address, "uses", cards[(n * 7 + 1) % 1000].address) for n in range(1000))
    browser.get_log("browser")
    open_page(browser, tmp_path, Picture("many", cards, links))
    browser.find_element(By.ID, "search").send_keys("model.n777" if kinds[777 % 6] == "model" else "n777")
    assert {address.split(".")[1] for address in lit(browser)} == {"n777"}
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert not browser.get_log("browser")
