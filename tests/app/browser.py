"""The app in a real browser, as a user sees it: the system's Chromium, without a window."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="the app is tried in a browser by playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LONGEST = 60_000  # milliseconds that anything is waited for: many things are done on two busy cores
SCREEN = {"width": 1280, "height": 900}


@contextmanager
def served(folder, *options):
    """The address of an app, whose temporary files lie in a folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "autoseg", "app", "--port", str(port), "--no-open-browser", *options]
    environment = {**os.environ, "TMPDIR": str(folder), "KERAS_BACKEND": "openvino"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def chromium():
    """A browser."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this system")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visited(browser, address):
    """A page that nobody has opened before; nothing may be amiss in its console, or be asked for elsewhere."""
    context = browser.new_context(viewport=SCREEN, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(LONGEST)
    amiss = []
    page.on("console", lambda said: None if is_usual(said, address) else amiss.append(said.text))
    page.on("pageerror", lambda error: amiss.append(str(error)))
    page.on("dialog", lambda dialog: (amiss.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda asked: None if is_here(asked.url, address) else amiss.append(asked.url))
    page.goto(address)
    yield page
    context.close()
    assert not amiss


def is_usual(said, address):
    """Whether a line of the console tells of nothing that went wrong.

    Opened at the address of a page, such as /grains, Streamlit looks for its server below it before it looks above:
    both questions are answered by 404, which browsers tell of whatever a program does about it.
    """
    asked = urlsplit(said.location["url"]).path if said.location["url"].startswith(address) else ""
    first = asked.count("/") == 3 and asked.endswith(("/_stcore/health", "/_stcore/host-config"))
    return said.type not in ("error", "warning") or (first and "404" in said.text)


def is_here(url, address):
    return urlsplit(url).scheme in ("data", "blob", "file") or urlsplit(url).netloc == urlsplit(address).netloc


def until(true, seconds=LONGEST / 1000):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
    return found


def press(page, label):
    page.get_by_role("button", name=label, exact=True).click()
    settled(page)


def settled(page):
    """Wait until the page is done with what it was told."""
    page.wait_for_timeout(600)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def metric(page, label):
    found = page.locator("[data-testid=stMetric]").filter(has_text=label).locator("[data-testid=stMetricValue]")
    return found.inner_text()


def place_of(page, row, column, plot=0):
    """Where a pixel of a picture is on the screen."""
    picture = page.locator(".js-plotly-plot").nth(plot)
    picture.scroll_into_view_if_needed()
    return picture.evaluate(
        """(picture, [row, column]) => {
            const {xaxis, yaxis} = picture._fullLayout, {left, top} = picture.getBoundingClientRect();
            return [left + xaxis._offset + xaxis.l2p(column), top + yaxis._offset + yaxis.l2p(row)];
        }""",
        [row, column],
    )


def drag(page, start, end, steps=8):
    """From one pixel of a picture to another, with the button down."""
    page.mouse.move(*place_of(page, *start))
    page.mouse.down()
    page.mouse.move(*place_of(page, *end), steps=steps)
    page.mouse.up()
    settled(page)


# Texts, and WCAG's contrast of each to all that lies behind it. Left out are what cannot be used now, and the numbers
# of sliders, which are drawn above the knobs that they belong to.
CONTRASTS = """() => {
    const colour = (text) => [...text.match(/[0-9.]+/g).map(Number), 1].slice(0, 4);
    const over = (above, below) => above.slice(0, 3).map((c, i) => c * above[3] + below[i] * (1 - above[3]));
    const linear = (c) => (c <= 0.03928 * 255 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const unusable = ":disabled, [aria-disabled=true], label[disabled], [data-testid=stSliderThumbValue], svg";
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (texts.nextNode()) {
        const text = texts.currentNode.textContent.trim(), holder = texts.currentNode.parentElement;
        if (!text || !holder.checkVisibility({visibilityProperty: true}) || holder.closest(unusable)) continue;
        let opacity = 1, grounds = [];
        for (let one = holder; one; one = one.parentElement) {
            opacity *= getComputedStyle(one).opacity;
            grounds.unshift(colour(getComputedStyle(one).backgroundColor));
        }
        if (!opacity) continue;  // shown once a pointer comes near
        const ground = grounds.reduce((below, above) => over(above, below), [255, 255, 255]);
        const ink = colour(getComputedStyle(holder).color);
        ink[3] *= opacity;
        const [dark, bright] = [luminance(over(ink, ground)), luminance(ground)].sort((a, b) => a - b);
        found.push([text, (bright + 0.05) / (dark + 0.05)]);
    }
    return found;
}"""


def hard_to_read(page):
    """Texts of a contrast below 4.5, the least that WCAG 2.2 (AA) allows, with it."""
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 5
    return [one for one in contrasts if one[1] < 4.5]


def downloaded(page, label, path):
    """The file that a button sends."""
    with page.expect_download() as download:
        page.get_by_role("button", name=label, exact=True).click()
    download.value.save_as(path)
    return path
