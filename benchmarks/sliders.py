"""How long it takes from a key that moves a slider of the app until the picture that it asks for is on the screen.

python benchmarks/sliders.py        in the system's Chromium, by playwright; the tests' own helpers open the pages

Particles: a sample of 1024 x 712 pixels. Ellipsometry: the demo maps, and made-up ones of 11 wavelengths, 260 x 344.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from autoseg.ellipsometry import SimulationOptions, simulate_maps, write_maps
from tests.app.browser import chromium, press, served, settled, visited

REPEATS = 12
WATCH = """() => {
    const told = one => one.tagName === 'image'
        ? (one.getAttribute('href') || one.getAttribute('xlink:href') || '').slice(-64) : one.textContent;
    const shown = () => [...document.querySelectorAll('.js-plotly-plot')].filter(one => one.offsetParent !== null).map(
        one => [...one.querySelectorAll('.annotation-text, image')].map(told).join()).join();
    window.picture = new Promise(done => document.addEventListener('keydown', () => {
        const before = shown(), start = performance.now();
        const look = () => shown() !== before || performance.now() - start > 9999
            ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(look);
        look();
    }, {once: true, capture: true}));
}"""


def measure(page, slider, keys=("ArrowRight", "ArrowLeft")):
    took = []
    for number in range(REPEATS):
        page.get_by_role("slider", name=slider).focus()
        page.evaluate(WATCH)
        page.keyboard.press(keys[number % len(keys)])
        took.append(page.evaluate("window.picture") / 1000)
        settled(page)
    print(f"    {slider:14} median {statistics.median(took):.2f} s, {min(took):.2f} to {max(took):.2f} s", flush=True)


def measure_maps(page):
    press(page, "Run the segmentation")
    for plot in ("Delta and Psi", "Segmented Delta and Psi", "One zone over the maps"):
        page.get_by_role("combobox", name="Plot").click()
        page.get_by_role("option", name=plot, exact=True).click()
        settled(page)
        print(f"  {plot}")
        measure(page, "Wavelength")
    measure(page, "Zone")


def main():
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as (address, _), chromium() as browser:
        with visited(browser, address) as page:
            press(page, "Try the samples")
            print("Particles of a sample")
            measure(page, "Least score", ("End", "Home"))
        made = simulate_maps(SimulationOptions(rows=260, columns=344), np.random.default_rng(0))
        folder = write_maps(made.maps, Path(name) / "maps").parent
        for what in ("the demo maps", "260 x 344"):
            with visited(browser, f"{address}/ellipsometry") as page:
                print(f"Ellipsometry, {what}")
                if what == "260 x 344":
                    page.locator("input[type=file]").set_input_files(folder)
                    settled(page)
                else:
                    press(page, "Try the demo maps")
                measure_maps(page)


if __name__ == "__main__":
    sys.exit(main())
