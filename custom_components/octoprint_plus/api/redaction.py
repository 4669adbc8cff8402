"""Redaction: settings and other data without what must not be shown.

Plugins keep what they like under names of their own, and users put passwords into addresses and
shell commands. So names are judged by the words in them, and texts by their shape. To leave out
something harmless does less damage than to show a key.
"""

from collections.abc import Iterable, Iterator, Mapping
import re
from typing import Any

# Wherever in a name.
SECRET_PARTS = re.compile(
    r"access_?code|api_?key|bearer|credential|passw|passphrase|passcode|priv(ate)?_?key"
    r"|secret|token|web_?hook"
    # The same in other languages, as plugins from everywhere name it.
    r"|contrase|has[lł]o|kennwort|mot_?de_?passe|parol|wachtwoord|парол|密码|密碼",
    re.IGNORECASE,
)

# Only as a whole word: a keyboard, a bypass and a spinner are no secrets.
SECRET_WORDS = frozenset(
    {
        *("auth", "authorization", "oauth", "oauth2", "sso", "login_hash"),
        *("community", "cookie", "cookies", "cred", "creds", "csrf", "dsn", "xsrf"),
        *("hash", "headers", "hmac", "jwt", "jwts", "keys", "keystore", "mfa", "nonce"),
        *("otp", "hotp", "totp", "pas", "passes", "pat", "pem", "pin", "pins", "pkcs"),
        *("pkcs12", "psk", "pw", "pwd", "rsa", "salt", "salts", "seed", "session"),
        *("sessionid", "sid", "sig", "signature", "wpa", "pincode", "passkey"),
        *("clave", "heslo", "jsessionid", "keyfile", "phpsessid", "pwrd", "senha"),
    }
)

# A word that ends like this, as in `aeskey` and `mqttpass`.
SECRET_ENDS = ("key", "pass", "loginpas", "pwd", "psk", "salt", "creds", "cookie", "pw")
HARMLESS_WORDS = frozenset(
    {
        *("bypass", "compass", "overpass", "trespass", "underpass", "multipass"),
        *("donkey", "hockey", "hotkey", "jockey", "monkey", "turkey", "whiskey"),
        *("asphalt", "basalt", "cobalt"),
    }
)

# Before the word "code", and whatever makes a pin one of a computer's.
CODES = frozenset(
    {
        *("access", "activation", "auth", "backup", "invite", "lan", "login", "lock"),
        *("pair", "pairing", "recovery", "security", "setup", "unlock", "verification"),
    }
)
GPIO = frozenset(
    {
        *(
            "bcm",
            "board",
            "clock",
            "data",
            "direction",
            "dir",
            "enable",
            "gpio",
            "gpios",
        ),
        *("input", "led", "light", "mode", "number", "output", "pull", "relay"),
        *("sense", "sensor", "servo", "step", "switch"),
    }
)

# Where in a name a word begins: aWord, AWord, ABCWord, a_word, a-word, a.word.
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# What holds the name of a value that stands beside it, as in {name: token, value: abc}.
NAMES = (
    "name",
    "key",
    "id",
    "k",
    "field",
    "header",
    "label",
    "parameter",
    "option",
    "setting",
)
NAME = re.compile(r"-{0,2}[A-Za-z][\w.-]{0,40}:?")
VALUES = frozenset(
    {"content", "current", "data", "default", "text", "v", "val", "value", "values"}
)

# Deeper than anybody nests settings, and shallow enough for Python's stack.
MAX_DEPTH = 50

# Parameters of an address that are secret there, though their names say too little elsewhere.
SECRET_PARAMETERS = frozenset({"code", "k", "p", "ps", "t", "ticket", "tok", "usrpwd"})

# The user and password in an address: everything up to the last @ before the path. A password
# may hold a slash; then what is before the colon is no host, as what follows is no port.
USER_INFO = re.compile(
    r"(?<=//)(?:[^/?#\s\"'<>]{1,300}@"
    r"|[^/?#\s\"'<>@:\[\]]{0,99}:(?![0-9]{1,5}(?:[/?#\s\"'<>]|$))[^\s\"'<>]{1,300}@)"
    r"|(?<![\w./:@-])[\w.+-]{1,99}:[^\s\"'<>/@:]{1,99}@(?=[\w-])"
)

# The same in an address that is a parameter of another one.
ENCODED_USER_INFO = re.compile(
    r"(?<=%2F%2F)(?:(?!%2F)[^/?#&\s\"'<>]){1,300}?%40", re.IGNORECASE
)

# The value of a parameter in an address.
PARAMETER = re.compile(r"([?&;#])([^=&;#\s\"'<>?]+)=[^&;#\s\"'<>]*")

# Addresses in which the way itself is the secret: what follows is left out.
HOOKS = re.compile(
    r"(://[^\s\"'<>]{0,200}?(?:discord(?:app)?\.com/api/webhooks|hooks\.slack\.com"
    r"|maker\.ifttt\.com/trigger|api\.telegram\.org|hooks\.zapier\.com|ntfy\.sh"
    r"|api\.day\.app|hc-ping\.com|healthchecks\.io|hook\.[a-z0-9.]*make\.com"
    r"|webhook\.office\.com|chat\.googleapis\.com|logic\.azure\.com"
    r"|/(?:web)?hooks?(?=[/?])|/web_hooks?(?=/)|/trigger(?=/)|/bot(?=[0-9]+:)))"
    r"[^\s\"'<>]*",
    re.IGNORECASE,
)

# A piece of an address that nobody chose: long, of letters and digits, and no file.
LONG_SEGMENT = re.compile(
    r"(?<=/)(?=[A-Za-z_-]*[0-9])(?=[0-9_-]*[A-Za-z])[\w-]{20,}(?=[/?#\s\"'<>]|$)"
)
URL = re.compile(r"//[^\s\"'<>]+")

# What an HTTP header or an option for curl holds, with or without a scheme before it.
SCHEMES = "Basic|Bearer|Digest|Negotiate|Token|ApiKey"
AUTHORIZATION = re.compile(
    rf"(Authorization[\"']?\s*[:=]\s*[\"']?(?:(?:{SCHEMES})(?=\s))?)"
    r"(?:\s*username\b[^\r\n]+|[^\r\n\"']+)"
    r"|(\bBearer)\s+[^\s\"']+"
    r"|(\bBasic)\s+(?=[A-Za-z+/]*[0-9=])[A-Za-z0-9+/]{6,}={0,2}"
    r"|(\bDigest)\s+(?=username\b)[^\r\n]+",
    re.IGNORECASE,
)

# What somebody noted in a sentence.
TOLD = re.compile(
    r"(\b(?:pass\w{0,6}|kennwort|pin|api[- ]?key|token|secret)\s+(?:is|ist|lautet)\s+)\S+",
    re.IGNORECASE,
)

# `PASSWORD=x`, `password: x`, `"password": "x"`, `--password=x` and `--password x`.
VALUE = r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"',;&}\])]+)"
ASSIGNED = re.compile(
    r"(?<![\w?&;#/.-])(?P<name>[A-Za-z][\w.-]*)(?P<mark>[\"']?\s*[:=]\s*)" + VALUE
)
OPTION = re.compile(
    r"(?<![\w-])(?P<name>--?[A-Za-z][\w-]*)(?P<mark>\s*=\s*|\s+)" + VALUE
)

# A header for curl or the like, to the end of what is quoted.
HEADER = re.compile(
    r"(?P<quote>[\"'])(?P<name>[\w-]+)\s*:\s*(?P<value>[^\"']+)(?P=quote)"
)

# Options of shell commands that take a password without saying so.
OPTIONS = re.compile(
    r"((?:^|(?<=\s))(?:-[a-zA-Z]*[uU]|--user|--proxy-user)(?:\s+|=)?[\"']?)[^\s\"':%]+[:%][^\s\"']+"
    r"|(\bsshpass\s+(?:-\w+\s+)*?-p\s*|\b(?:mysql\w*|mosquitto_\w+)\b[^|;&\n]{0,300}?\s-[pP]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|\S+)"
)
PIPED = re.compile(
    r"(\b(?:echo|printf)\b)[^|;&\n]{0,300}(\|\s*(?:\S*/)?(?:sudo|su|passwd|chpasswd|openssl)\b)"
    r"|((?:\bsudo\b[^|;&\n]{0,300})<<<)\s*(?:\"[^\"]*\"|'[^']*'|\S+)"
)

# What keys look like wherever they are.
KEYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|\beyJ[\w-]{8,}\.[\w-]{4,}\.?[\w-]*|\b(?:gh[opsu]|github_pat)_\w{20,}"
    r"|\bglpat-[\w-]{15,}|\bxox[a-z]-[\w-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|PuTTY-User-Key-File.*|\bAGE-SECRET-KEY-\w+|\b[prs]k_(?:live|test)_\w{8,}"
    r"|\b(?:hf|npm)_\w{20,}|\bSG\.[\w-]{10,}\.[\w-]{10,}|\bdckr_pat_[\w-]{10,}"
    r"|\b(?:tskey|pypi)-[\w-]{10,}|\bya29\.[\w-]{10,}|\bo\.[A-Za-z0-9]{20,}"
    r"|\bAIza[\w-]{20,}|\bsk-[\w-]{16,}|\b[0-9]{6,12}:[A-Za-z0-9_-]{30,}|\$[0-9a-z]{1,6}\$[\w./$=,+-]{16,}"
    # OctoPrint's own keys, and whatever else nobody chose.
    r"|(?<![\w/.-])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{32,}(?![\w.-])",
    re.DOTALL,
)

# Options whose value stands after them in a list of arguments.
ARGUMENTS = frozenset({"-u", "-U", "-p", "-P", "--user", "--proxy-user"})

# Names of what a computer's shell runs, and G-code, which looks otherwise.
COMMAND_WORDS = frozenset(
    {"cmd", "cmds", "command", "commandline", "commands", "shell"}
)
GCODE = re.compile(r"\s*(?:[GMT][0-9]|@|;)|\s*\w*\s*$", re.IGNORECASE)

# Of what a connector of OctoPrint 2 is given, this says where the printer is and no more.
CONNECTOR = "connector"
PARAMETERS = "parameters"
CONNECTOR_PARAMETERS = frozenset({"port", "baudrate"})


def is_secret(name: str) -> bool:
    """Return whether what has this name must not be shown."""
    if SECRET_PARTS.search(name):
        return True
    words = [word.lower() for word in WORDS.findall(name)]
    if GPIO.intersection(words):
        words = [word for word in words if word not in {"pin", "pins"}]
    return any(
        word in SECRET_WORDS
        or (word.endswith(SECRET_ENDS) and word not in HARMLESS_WORDS)
        or (word in {"code", "codes"} and not CODES.isdisjoint(words))
        for word in words
    )


def without_secrets(value: Any, depth: int = 0) -> Any:
    """Return data without what has a secret's name, and texts without what looks like one.

    Shell commands are left out altogether.
    """
    if depth > MAX_DEPTH:
        return None
    match value:
        case dict():
            return dict(_cleared_items(value, depth + 1))
        case list() | tuple():
            return list(_cleared_list(value, depth + 1))
        case str():
            return _cleared(value)
    return value


def _cleared_items(data: Mapping[Any, Any], depth: int) -> Iterator[tuple[Any, Any]]:
    """Yield what may be shown of an object."""
    # The name of a value that stands beside it is no secret itself.
    naming = (
        {
            name
            for name in NAMES
            if isinstance(data.get(name), str) and _is_name(data[name])
        }
        if VALUES.intersection(data)
        else set()
    )
    for key, value in data.items():
        name = str(key)
        is_hidden = name in VALUES if naming else False
        if name in naming:
            yield key, value
        elif is_hidden or is_secret(name) or _is_shell(name, value):
            continue
        elif name == PARAMETERS and CONNECTOR in data and isinstance(value, dict):
            known = {x: value[x] for x in value if x in CONNECTOR_PARAMETERS}
            yield key, without_secrets(known, depth)
        else:
            # What is known by its address has that for a name.
            shown = _cleared(key) if isinstance(key, str) and "//" in key else key
            yield shown, without_secrets(value, depth)


def _cleared_list(values: Iterable[Any], depth: int) -> Iterator[Any]:
    """Yield what may be shown of a list, in which a name may stand before its value."""
    is_value = False
    for value in values:
        if is_value and isinstance(value, str | int | float):
            is_value = False
            continue
        yield without_secrets(value, depth)
        is_value = isinstance(value, str) and (value in ARGUMENTS or _is_name(value))


def _is_name(value: str) -> bool:
    """Return whether a text is the name of a secret."""
    return NAME.fullmatch(value) is not None and is_secret(value)


def _is_shell(name: str, value: Any) -> bool:
    """Return whether that is (also) a command for a computer, and not for a printer."""
    words = [word.lower() for word in WORDS.findall(name)]
    if not words or words[-1] not in COMMAND_WORDS:
        return False
    texts = value if isinstance(value, list) else [value]
    return any(
        isinstance(text, str)
        and any(not GCODE.match(line) for line in text.splitlines())
        for text in texts
    )


def _cleared(value: str) -> str:
    """Return a text without what looks like a secret."""
    value = KEYS.sub("", value)
    value = ENCODED_USER_INFO.sub("", USER_INFO.sub("", value))
    value = PARAMETER.sub(
        lambda found: (
            f"{found[1]}{found[2]}="
            if is_secret(found[2]) or found[2].lower() in SECRET_PARAMETERS
            else found[0]
        ),
        value,
    )
    value = HOOKS.sub(r"\1", value)
    value = URL.sub(lambda found: LONG_SEGMENT.sub("", found[0]), value)
    value = AUTHORIZATION.sub(lambda found: next(filter(None, found.groups())), value)
    value = TOLD.sub(r"\1", value)
    value = HEADER.sub(
        lambda found: (
            f"{found['quote']}{found['name']}:{found['quote']}"
            if is_secret(found["name"]) and found["name"].lower() != "authorization"
            else found[0]
        ),
        value,
    )
    value = OPTION.sub(_without_value, ASSIGNED.sub(_without_value, value))
    value = OPTIONS.sub(lambda found: found[1] or found[2], value)
    return PIPED.sub(
        lambda found: f"{found[1]} {found[2]}" if found[1] else f"{found[3]}", value
    )


def _without_value(found: re.Match[str]) -> str:
    """Leave out the value of what has a secret's name."""
    name = found["name"]
    # What that holds has a shape of its own.
    if not is_secret(name) or name.lower() == "authorization":
        return found[0]
    return f"{name}{found['mark']}"
