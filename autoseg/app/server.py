"""The server of the app: on this computer alone, without usage statistics or any other request to elsewhere."""

from __future__ import annotations

import importlib.util
import os
import socket
from pathlib import Path
from typing import Any

from autoseg.app.options import VARIABLE, AppOptions
from autoseg.errors import AutosegError

ADDRESS = "127.0.0.1"
_SCRIPT = Path(__file__).with_name("main.py")
_NEEDED = ("streamlit", "plotly")


def serve(options: AppOptions) -> None:
    """Serve the app until it is stopped."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise AutosegError(f"the app needs {' and '.join(missing)}", advice="Run: pip install 'autoseg[app]'")
    _refuse_taken(options.port)
    os.environ[VARIABLE] = options.model_dump_json()
    from streamlit.web import bootstrap

    flags = {name.replace(".", "_"): value for name, value in settings(options).items()}
    bootstrap.load_config_options(flags)
    bootstrap.run(str(_SCRIPT), False, [], flags)


def settings(options: AppOptions) -> dict[str, Any]:
    """Of Streamlit; they count more than what its files or the environment say."""
    return {
        "server.address": ADDRESS,
        "server.port": options.port,
        "server.headless": not options.open_browser,
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
