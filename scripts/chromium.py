"""Find a Chromium for the browser tests, install one if there is none, and print its path.

Usage: python scripts/chromium.py
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Path of a Chromium: `$CHROMIUM`, one on the PATH, or the one that Playwright downloaded."""
    if chosen := os.environ.get("CHROMIUM"):
        if shutil.which(chosen) is None:
            raise FileNotFoundError(f"CHROMIUM is set to {chosen}, which is no program")
        return chosen
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install() -> None:
    """Debian's package where we may (it brings the libraries that it needs), else Playwright's download."""
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    if _is_debian() and (not as_root or shutil.which("sudo")):
        apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        packages = ["chromium", "fonts-liberation"]
        commands = [[*apt, "update"], [*apt, "install", "-y", "--no-install-recommends", *packages]]
    else:
        commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    for command in commands:
        subprocess.run(command, check=True, stdout=sys.stderr)  # stdout is for the path


def _is_debian() -> bool:
    """Debian itself: elsewhere `apt-get install chromium` may give a stub that wants a snap."""
    try:
        return platform.freedesktop_os_release()["ID"] == "debian"
    except OSError:  # no os-release file: not Linux
        return False


def main() -> None:
    """Print the path."""
    path = find()
    if path is None:
        install()
        path = find()
    if path is None:
        sys.exit("No Chromium was found, and none could be installed: set CHROMIUM to the path of one.")
    print(path)


if __name__ == "__main__":
    main()
