"""Runs slircd for irctest: `pytest --controller slircd`, see README.md beside this file.

SLIRCD names the program; without it, the last build in target/ is used.
"""

import copy
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
from typing import Any, Dict, List, Optional, Type

from irctest import patma
from irctest.basecontrollers import BaseServerController, DirectoryBasedController
from irctest.cases import BaseServerTestCase
from irctest.runner import NotImplementedByController
from irctest.specifications import Capabilities, OptionalBehaviors

ROOT = Path(__file__).resolve().parents[2]

OPER_NAME = "operuser"
OPER_PASSWORD = "operpassword"

# The longest password that is taken, in bytes.
PASSWORD_MAX = 300

# What the tests marked "Ergo" edit: of Ergo's configuration the parts that they name.
ERGO_CONFIG: Dict[str, Any] = {
    "server": {"casemapping": "ascii", "listeners": {}},
    "accounts": {"multiclient": {"always-on": "opt-in"}, "default-user-modes": ""},
}


def program() -> Path:
    named = os.environ.get("SLIRCD")
    if named:
        return Path(named).resolve()
    built = [ROOT / "target" / profile / "slircd" for profile in ("release", "debug")]
    built = [path for path in built if path.exists()]
    if not built:
        raise RuntimeError("there is no slircd in target/: run `cargo build`, or set SLIRCD")
    return max(built, key=lambda path: path.stat().st_mtime)


def quoted(text: Any) -> str:
    """A TOML string; those of JSON are a subset."""
    return json.dumps(str(text), ensure_ascii=False)


class SlircdController(BaseServerController, DirectoryBasedController):
    software_name = "slircd"
    _port_wait_interval = 0.02
    supports_sts = False
    supported_sasl_mechanisms = {"PLAIN", "SCRAM-SHA-256"}
    extban_mute_char = "m"

    capabilities = frozenset(
        {
            Capabilities.ACCOUNT_NOTIFY,
            Capabilities.ACCOUNT_TAG,
            Capabilities.AWAY_NOTIFY,
            Capabilities.BATCH,
            Capabilities.ECHO_MESSAGE,
            Capabilities.EXTENDED_JOIN,
            Capabilities.EXTENDED_MONITOR,
            Capabilities.LABELED_RESPONSE,
            Capabilities.MESSAGE_REDACTION,
            Capabilities.MESSAGE_TAGS,
            Capabilities.MULTILINE,
            Capabilities.MULTI_PREFIX,
            Capabilities.SERVER_TIME,
            Capabilities.SETNAME,
        }
    )

    optional_behaviors = frozenset(
        {
            OptionalBehaviors.BAN_EXCEPTION_MODE,
            OptionalBehaviors.CAP_REQ_MINUS,
            OptionalBehaviors.ELIST_C,
            OptionalBehaviors.ELIST_M,
            OptionalBehaviors.ELIST_N,
            OptionalBehaviors.ELIST_T,
            OptionalBehaviors.ELIST_U,
            OptionalBehaviors.INVITE_EXCEPTION_MODE,
            OptionalBehaviors.INVITE_LIST,
            OptionalBehaviors.INVITE_OVERRIDES_LIMIT,
            OptionalBehaviors.METADATA_BEFORE_CONNECT,
            OptionalBehaviors.MULTI_JOIN,
            OptionalBehaviors.MULTI_KICK,
            OptionalBehaviors.MULTI_NAMES_COMMAND,
            OptionalBehaviors.MULTI_PRIVMSG,
            OptionalBehaviors.SASL_AFTER_REGISTRATION,
        }
    )

    isupport = {
        "BOT": "B",
        "CASEMAPPING": "ascii",
        "ELIST": "CMNTU",
        "EXCEPTS": None,
        "INVEX": None,
        "MONITOR": patma.ANYSTR,
        "PREFIX": "(qaohv)~&@%+",
        "STATUSMSG": "~&@%+",
        "TARGMAX": patma.ANYSTR,
        "UTF8ONLY": None,
        "WHOX": None,
    }

    # Hashing takes long by design, and each password only has to be hashed once.
    _hashes: Dict[str, str] = {}

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: Optional[str],
        ssl: bool,
        run_services: bool,
        faketime: Optional[str],
        websocket_hostname: Optional[str],
        websocket_port: Optional[int],
    ) -> None:
        assert self.proc is None
        self.hostname, self.port = hostname, port
        self.create_config()
        config = copy.deepcopy(ERGO_CONFIG)
        config["server"]["listeners"][f"127.0.0.1:{port}"] = None
        if self.test_config.ergo_config:
            self.test_config.ergo_config(config)
        if ssl:
            self.gen_ssl()
        self._password, self._ssl, self._websocket_port = password, ssl, websocket_port
        self._configure(config)
        self._command: List[str] = []
        if faketime and shutil.which("faketime"):
            self._command = ["faketime", "-f", faketime]
            self.faketime_enabled = True
        self._start()

    def gen_ssl(self) -> None:
        """A certificate of version 3; the suite makes one of version 1, which nobody takes today."""
        assert self.directory
        self.key_path = self.directory / "tls.key"
        self.pem_path = self.directory / "tls.pem"
        subprocess.check_call(
            [
                *(self.openssl_bin, "req", "-x509", "-nodes", "-days", "2"),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-subj", "/CN=My.Little.Server", "-addext", "subjectAltName=DNS:localhost"),
                *("-keyout", str(self.key_path), "-out", str(self.pem_path)),
            ],
            stderr=subprocess.DEVNULL,
        )

    def kill_proc(self) -> None:
        """Ends the server in any case, that a set-up which fails leaves none behind."""
        assert self.proc
        proc, self.proc = self.proc, None
        for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 10)):
            if proc.poll() is not None:
                return
            try:
                os.killpg(proc.pid, sign)
                proc.wait(patience)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

    def terminate(self) -> None:
        self.kill_proc()

    def restart(self) -> None:
        self.kill_proc()
        self.port_open = False
        self._start()
        self.wait_for_port()

    def wait_for_services(self) -> None:
        """They come with the server."""

    def registerUser(
        self, case: BaseServerTestCase, username: str, password: Optional[str] = None
    ) -> None:
        # A line has no room for a longer one.
        if password and len(password.encode()) > PASSWORD_MAX:
            raise NotImplementedByController("passwords that do not fit in a line")
        client = case.addClient(show_io=False)
        case.sendLine(client, f"NICK {username}")
        case.sendLine(client, f"USER {username} 0 * :{username}")
        while case.getRegistrationMessage(client).command != "001":
            pass
        case.getMessages(client)
        case.sendLine(client, f"REGISTER * * {password}")
        while True:
            message = case.getMessage(client, synchronize=False)
            if message.command == "REGISTER":
                break
            if message.command == "FAIL":
                raise ValueError(f"{username} cannot be registered: {message}")
        case.sendLine(client, "QUIT")
        case.assertDisconnected(client)

    def getConfig(self) -> Dict[str, Any]:
        return copy.deepcopy(self._config)

    def rehash(self, case: BaseServerTestCase, config: Dict[str, Any]) -> None:
        """By an operator, whose next line is answered once the configuration is another; SIGHUP tells
        nobody when that is."""
        self._configure(config)
        client = "operator_for_rehash"
        case.connectClient(nick=client, name=client)
        for line in (f"OPER {OPER_NAME} {OPER_PASSWORD}", "REHASH"):
            case.sendLine(client, line)
        codes = [message.command for message in case.getMessages(client)]
        case.assertIn("382", codes, "the configuration has not been read again")
        case.sendLine(client, "QUIT")
        case.assertDisconnected(client)

    def _check(self, config: Dict[str, Any]) -> None:
        """That what a test wants of Ergo is what slircd has too."""
        address = f"127.0.0.1:{self.port}"
        known = copy.deepcopy(ERGO_CONFIG)
        known["server"]["listeners"][address] = None
        # For a listener that PROXY stands in front of.
        behind = copy.deepcopy(known)
        behind["server"]["listeners"][address] = {"proxy": True}
        known["server"]["casemapping"] = config["server"]["casemapping"]
        known["accounts"]["default-user-modes"] = config["accounts"]["default-user-modes"]
        if config not in (known, behind):
            raise NotImplementedByController("this part of the configuration of Ergo")

    def _configure(self, config: Dict[str, Any]) -> None:
        self._check(config)
        self._config = config
        password, websocket_port = self._password, self._websocket_port
        tls = ""
        if self._ssl:
            tls = f"tls = {{ certificate = {quoted(self.pem_path)}, key = {quoted(self.key_path)} }}"
        if config["server"]["listeners"][f"127.0.0.1:{self.port}"]:
            tls += '\nproxy = ["127.0.0.0/8"]'
        websocket = ""
        if websocket_port:
            websocket = f'[[listen]]\naddress = "127.0.0.1:{websocket_port}"\nwebsocket = true'
        secret = f"password = {quoted(self._hash(password))}" if password else ""
        test = self.test_config
        before = "true" if test.account_registration_before_connect else "false"
        email = "true" if test.account_registration_requires_email else "false"
        roleplay = "true" if self.test_config.ergo_roleplay else "false"
        with self.open_file("motd", "w") as file:
            file.write("Welcome to the tests.\n")
        with self.open_file("slircd.toml", "w") as file:
            file.write(
                f"""
[server]
name = "My.Little.Server"
services = "My.Little.Services"
network = "ExampleNET"
description = "test server"
motd = {quoted(self.directory / "motd")}
user_modes = {quoted(config["accounts"]["default-user-modes"])}
casemapping = {quoted(config["server"]["casemapping"])}
{secret}

[storage]
path = {quoted(self.directory / "data")}

[limits]
exempt = ["127.0.0.0/8"]
flood_burst = 1000000
flood_interval = "0s"

[accounts]
registration_before_connect = {before}
email_required = {email}
password_min = 1
nick_grace = "0s"

[roleplay]
enabled = {roleplay}

[[listen]]
address = "127.0.0.1:{self.port}"
{tls}

{websocket}

[[oper]]
name = "{OPER_NAME}"
password = {quoted(self._hash(OPER_PASSWORD))}
class = "admin"
"""
            )

    def _hash(self, password: str) -> str:
        if password not in self._hashes:
            said = subprocess.run(
                [program(), "hash-password"],
                input=password + "\n",
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            self._hashes[password] = said.stdout.strip()
        return self._hashes[password]

    def _start(self) -> None:
        assert self.directory
        self.proc = self.execute(
            [*self._command, str(program()), "run", "-c", str(self.directory / "slircd.toml")],
            proc_name="slircd",
        )


def get_irctest_controller_class() -> Type[SlircdController]:
    return SlircdController
