"""The server of the app: on this computer alone, without usage statistics or any other request to elsewhere."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autoseg.app.options import VARIABLE, AppOptions
from autoseg.errors import AutosegError

ADDRESS = "127.0.0.1"
_SCRIPT = Path(__file__).with_name("main.py")
_NEEDED = ("streamlit", "plotly")
_SECONDS_TO_END = 2.0


def serve(options: AppOptions) -> None:
    """Serve the app until it is stopped."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise AutosegError(f"the app needs {' and '.join(missing)}", advice="Run: pip install 'autoseg[app]'")
    _refuse_taken(options.port)
    flags = [f"--{name}={str(value).lower()}" for name, value in settings(options).items()]
    command = [sys.executable, "-m", "streamlit", "run", str(_SCRIPT), *flags]
    with _temporary_folder() as folder, _started(command, options, folder) as server:
        if options.open_browser and _is_open(server, options.port):
            webbrowser.open(f"http://{ADDRESS}:{options.port}")
        if code := server.wait():
            raise AutosegError(f"the server of the app ended with code {code}", advice="Its messages are above.")


@contextmanager
def _temporary_folder() -> Iterator[str]:
    """Where all temporary files of the server lie: a server that is stopped amid its work removes nothing itself."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="autoseg-app-", ignore_cleanup_errors=True) as folder:
        yield folder


@contextmanager
def _started(command: list[str], options: AppOptions, folder: str) -> Iterator[subprocess.Popen[bytes]]:
    """The server; however this process is stopped, it is, too: by itself it waits until all browsers have gone."""
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)
    server = subprocess.Popen(command, env={**os.environ, **places, VARIABLE: options.model_dump_json()})
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            server.kill()


def _is_open(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server answers; false if it ended instead."""
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((ADDRESS, port)) == 0:
                return True
        time.sleep(0.2)
    return False


def settings(options: AppOptions) -> dict[str, Any]:
    """Of Streamlit; they count more than what its files or the environment say."""
    return {
        "server.address": ADDRESS,
        "server.port": options.port,
        "server.headless": True,
        "server.maxUploadSize": options.max_upload,
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.fileWatcherType": "none",
        "browser.serverAddress": ADDRESS,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "theme.base": "light",
        "theme.primaryColor": "#005a8c",
        "theme.textColor": "#111111",  # captions are drawn with 60 % of it, and must be legible
        "theme.font": "sans-serif",
    }


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            problem = f"port {port} cannot be used ({error.strerror})"
            raise AutosegError(
                problem, advice=f"Is the app running already? Else choose another: --port {port + 1}."
            ) from None
