"""The listening component as it is on the screen of a browser."""

import json

PATIENCE_MS = 30_000
KAUH = "BP45_heart failure,Crep,P R L ,30,M.wav"


class Shown:
    """The component as it is on the screen."""

    def __init__(self, page):
        self.page = page
        self.root = page.locator(".listen")
        self.picture = page.locator(".seek")

    def read(self, words):
        """Return a value of the component, such as ``player.position_s``."""
        return self.root.evaluate(f"element => element.listening.{words}")

    def settle(self):
        """Wait until what was asked for is drawn."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def at(self, share, height=40):
        """Return where on the screen a share of the picture's width is."""
        box = self.picture.bounding_box()
        return box["x"] + share * box["width"], box["y"] + height

    def times(self):
        self.settle()
        return [float(text) for text in self.page.locator(".times span").all_inner_texts()]

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def sent(self):
        self.page.wait_for_function("document.querySelector('#sent').innerText !== '[]'")
        return json.loads(self.page.locator("#sent").inner_text())


def brightness(shown):
    """Return the mean red of the spectrogram at some frequencies up to 2 kHz."""
    return {
        hz: shown.page.locator("canvas.sound").evaluate(
            """(canvas, share) => {
                const row = Math.floor((1 - share) * canvas.height);
                const { data } = canvas.getContext("2d").getImageData(0, row, canvas.width, 1);
                let sum = 0;
                for (let at = 0; at < data.length; at += 4) sum += data[at];
                return sum / canvas.width;
            }""",
            hz / 2000,
        )
        for hz in (100, 1800)
    }
