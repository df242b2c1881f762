"""Screenshots of the scenes, light and dark, wide and narrow: node dev/bundle.mjs && python dev/shoot.py OUT [scene ...]"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

PAGE = (Path(__file__).parent / "out" / "page.html").as_uri()
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SHOTS = [
    ("base", "light", 1280, []),
    ("base", "dark", 1280, ["tab-result"]),
    ("base", "light", 900, []),
    ("base", "light", 480, []),
    ("empty", "light", 1280, []),
    ("running", "dark", 1280, []),
    ("stale", "light", 1280, ["tab-result"]),
    ("error", "light", 1280, []),
    ("above", "light", 1280, []),
    ("below", "light", 1280, []),
    ("slice", "light", 1280, []),
    ("eight", "light", 1280, []),
    ("gpt2", "light", 1280, []),
    ("gpt2", "dark", 1280, []),
    ("gpt2", "light", 480, []),
    ("huge", "light", 1280, []),
    ("saved", "light", 1280, ["tab-result"]),
    ("loading", "light", 1280, []),
    ("base", "light", 1280, ["help"]),
    ("base", "light", 1280, ["export"]),
]


def main(out: Path, only: list[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for scene, theme, width, clicks in SHOTS:
            if only and scene not in only:
                continue
            page = browser.new_page(viewport={"width": width, "height": 700}, device_scale_factor=1)
            page.on("pageerror", lambda error: print("page error:", error))
            page.on("console", lambda m: print("console:", m.text))
            page.goto(f"{PAGE}?{urlencode([('scene', scene), ('theme', theme), *(('click', c) for c in clicks)])}")
            page.wait_for_timeout(250)
            page.screenshot(path=out / f"{'-'.join([scene, theme, str(width), *clicks])}.png", full_page=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
